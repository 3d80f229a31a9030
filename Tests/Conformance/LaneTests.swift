// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Glibc
import Testing

@Suite struct LaneTests {
    @Test func threeWay() throws {
        let harness = try Harness(LaneKind.allCases.map { try $0.makeLane() })
        var plan = Campaign.Plan(seed: 1, subjects: [])
        plan.events = 20_000_000
        let finding = try Campaign(plan, on: harness).run()
        #expect(finding == nil)
        print(harness.account)
    }
}
