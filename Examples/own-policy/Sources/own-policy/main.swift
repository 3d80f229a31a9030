// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import KernelLink
import Output
import PolicyText
import RoundRobin
import Session

// Schedules this machine round robin, for as many seconds as the first argument says, else for 5.
let seconds = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 5

Console.prepare()
do {
    // What no policy is asked about: kernel threads, and the slice of a task that has no answer yet.
    let mechanism = try PolicySource.load(nameOrPath: "fifo", settings: ["slice.max=4ms"])
    var options = Session.Options()
    options.durationNs = seconds * 1_000_000_000
    let scheduler = Scheduler.Configuration(
        mode: .user, policy: mechanism.policy, policyName: "round-robin")
    // Whoever reads this may stop to: the thread that watches the scheduler must not wait for it.
    let lines = try LineWriter()
    let session = Session(scheduler, options: options) { lines.say($0) }
    let ending = try session.run(RoundRobin())
    if let eviction = ending.eviction { lines.warn(eviction) }
    _ = (lines.flush(.output), lines.flush(.error))
    exit(ending.eviction == nil ? 0 : 3)
} catch {
    Console.complain("own-policy: \(error)")
    exit(1)
}
