// SPDX-License-Identifier: GPL-2.0-only
import Testing

@testable import KernelLink

@Suite struct PreflightTests {
    @Test(arguments: [nil, "", "0", "0-3", "0-1023", "0-3,8", "0-511,1023"])
    func soManyCPUsAreNoObstacle(_ possible: String?) {
        #expect(Preflight.tooManyCPUs(possible: possible) == nil)
    }

    @Test(arguments: ["1024", "0-1024", "0-3,2047"])
    func moreAreRefused(_ possible: String) throws {
        let obstacle = try #require(Preflight.tooManyCPUs(possible: possible))
        #expect(obstacle.description.contains("there is room for 1024"), "\(obstacle.description)")
    }
}
