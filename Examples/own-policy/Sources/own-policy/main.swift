// SPDX-License-Identifier: GPL-2.0-only
import KernelLink
import PolicyText
import RoundRobin
import Session

// What a policy does not decide comes from a description: idle CPUs, kernel threads, the slice of
// tasks that the policy could not be asked about.
let mechanism = try PolicySource.load(nameOrPath: "fifo", settings: ["slice.max=16ms"])
let scheduler = Scheduler.Configuration(
    mode: .user, policy: mechanism.policy, policyName: "round-robin")
var options = Session.Options()
options.durationNs = 5_000_000_000
let session = Session(scheduler, options: options) { line in print(line) }
let ending = try session.run(RoundRobin())
if let eviction = ending.eviction { fatalError(eviction) }
