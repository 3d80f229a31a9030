// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import KernelLink
import PolicyText
import RoundRobin
import Session

// Schedules this machine round robin, for as many seconds as the first argument says, else for 5.
let seconds = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 5

do {
    // What no policy is asked about: kernel threads, and the slice of a task that has no answer yet.
    let mechanism = try PolicySource.load(nameOrPath: "fifo", settings: ["slice.max=4ms"])
    var options = Session.Options()
    options.durationNs = seconds * 1_000_000_000
    let scheduler = Scheduler.Configuration(
        mode: .user, policy: mechanism.policy, policyName: "round-robin")
    let session = Session(scheduler, options: options) { line in
        print(line)
        fflush(nil)
    }
    let ending = try session.run(RoundRobin())
    if let eviction = ending.eviction {
        print(eviction)
        exit(3)
    }
} catch {
    FileHandle.standardError.write(Data("own-policy: \(error)\n".utf8))
    exit(1)
}
