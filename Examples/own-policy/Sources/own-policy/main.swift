// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import KernelLink
import Output
import PolicyText
import RoundRobin
import Session

// Schedules this machine round robin: `own-policy [SECONDS [bpf]]`, for 5 seconds if it does not say. With bpf
// the same policy decides in the kernel, compiled for it by the plugin PolicyInKernel.
let arguments = CommandLine.arguments.dropFirst()
let seconds = arguments.first.flatMap { UInt64($0) } ?? 5
let mode: Scheduler.Mode = arguments.dropFirst().first == "bpf" ? .bpf : .user

Console.prepare()
do {
    // What no policy is asked about: kernel threads, and the slice of a task that has no answer yet.
    let mechanism = try PolicySource.load(nameOrPath: "fifo", settings: ["slice.max=4ms"])
    var options = Session.Options()
    options.durationNs = seconds * 1_000_000_000
    var scheduler = Scheduler.Configuration(
        mode: mode, policy: mechanism.policy, policyName: "round-robin")
    scheduler.twin = .swift(RoundRobin.twin)
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
