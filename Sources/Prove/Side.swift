// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
package import SwiftToBPF

/// One artefact that holds the policy's step, and how it is entered.
package struct Side: Sendable {
    package enum Artefact: @unchecked Sendable {
        /// LLVM IR with `sp_native_decide` and `sp_native_start`, of C or of Swift.
        case ir(IRModule)
        /// The probe's machine code.
        case probe(ELFObject)
        /// A backend's machine code, with `decide(task, event, decision)` and `begin()`.
        case backend(ELFObject)
    }

    /// How it is called in reports.
    package let name: String
    package let artefact: Artefact

    package init(name: String, artefact: Artefact) {
        self.name = name
        self.artefact = artefact
    }
}

/// What a side computes from the inputs.
struct Outcome {
    /// By the fields of `Layout.outputs`.
    let values: [Field: Value]
    /// That it comes to an end.
    let ends: Condition
    let obligations: [Obligation]
}

extension Side {
    /// Executes the step on one event, or, if `isStart`, what makes the state before the first one.
    ///
    /// - Parameter doubted: compiler's notes of which it was found that they are not so for all values.
    func step(
        _ inputs: Inputs, isStart: Bool = false, doubted: Set<String> = []
    ) throws(NotModelled) -> Outcome {
        let terms = inputs.terms
        let layout = inputs.layout
        var memory = Memory()
        func region(_ structure: String, _ fields: [Field], writable: Bool, index: Term? = nil) -> Int {
            var region = Memory.Region(
                name: structure, size: Layout.size(structure), isWritable: writable, index: index)
            for field in fields {
                let value = inputs.values[field].map { Value($0) } ?? Value(.undefined)
                region.cells.append(.init(offset: field.offset, size: field.size, slot: Slot(value)))
            }
            return memory.add(region)
        }
        // Tasks are in a table, by the low bits of their pids.
        let pid = inputs["event.pid"] ?? terms.constant(0, 32)
        let slot = terms.and(pid, terms.constant(UInt64(SP_PROBE_TASKS) - 1, 32))
        let place = terms.sum(
            [(UInt64(MemoryLayout<sp_task>.stride), terms.zeroExtend(slot, 64))], 0, 64)
        let policy = region("policy", layout.policy, writable: false)
        let global = region("global", layout.global, writable: true)
        let event = region("event", Layout.event, writable: false)
        let isTable: Bool
        if case .backend = artefact { isTable = false } else { isTable = true }
        let task = region("task", layout.task, writable: true, index: isTable ? place : nil)
        let outcome = memory.add(
            Memory.Region(
                name: "outcome",
                size: isTable ? MemoryLayout<sp_outcome>.size : MemoryLayout<sp_decision>.size))
        func pointer(_ region: Int) -> Value { Value(.pointer(region, terms.constant(0, 64))) }
        let end: Execution
        switch artefact {
        case .ir(let module):
            var execution = IRExecution(module, terms, doubted: doubted)
            let begin = [policy, global].map { [Slot(pointer($0))] }
            if isStart {
                guard let result = try execution.run("sp_native_start", begin, memory, under: .always) else {
                    throw NotModelled(what: "sp_native_start never ends", place: name)
                }
                return try outputs(result, layout, global, task, outcome, terms, isStart: true)
            }
            let arguments = [policy, global, task, event, outcome].map { [Slot(pointer($0))] }
            let count = [Slot(Value(terms.constant(1, 32)))]
            guard
                var result = try execution.run(
                    "sp_native_decide", arguments + [count], memory, under: inputs.assumptions)
            else {
                throw NotModelled(what: "sp_native_decide never ends", place: name)
            }
            result.obligations = execution.obligations
            end = result
        case .probe(let object):
            end = try probe(object, memory, policy, global, task, event, outcome, slot, inputs, isStart)
        case .backend(let object):
            var world = BytecodeExecution.World()
            let lock = memory.add(Memory.Region(name: "the lock of the state", size: 4))
            world.variables = ["description": policy, "global": global, "state_lock": lock]
            var execution = BytecodeExecution(object, terms, world)
            if isStart {
                let result = try execution.run("begin", [], memory, under: .always)
                return try outputs(result, layout, global, task, outcome, terms, isStart: true)
            }
            end = try execution.run(
                "decide", [pointer(task), pointer(event), pointer(outcome)], memory, under: inputs.assumptions
            )
        }
        return try outputs(end, layout, global, task, outcome, terms, isStart: isStart)
    }

    private func probe(
        _ object: ELFObject, _ memory: Memory, _ policy: Int, _ global: Int, _ task: Int, _ event: Int,
        _ outcome: Int, _ slot: Term, _ inputs: Inputs, _ isStart: Bool
    ) throws(NotModelled) -> Execution {
        let terms = inputs.terms
        var memory = memory
        let index = terms.variable("place in the batch", 32)
        let zero = terms.constant(0, 32)
        var world = BytecodeExecution.World()
        world.variables = ["description": policy]
        for (name, region, key) in [
            ("events", event, index), ("outcomes", outcome, index), ("tasks", task, slot),
            ("globals", global, zero),
        ] {
            let handle = memory.add(Memory.Region(name: "the map \(name)", size: 0))
            world.maps[name] = (handle, region, key)
        }
        // struct batch: the global state, and a trace that does not begin again, or begins now. (Then an event
        // that means nothing follows, which leaves the state as it is.)
        var batch = Memory.Region(name: "batch", size: 24)
        let address = Value(.pointer(global, terms.constant(0, 64)))
        batch.cells = [
            .init(offset: 0, size: 8, slot: Slot(address)),
            .init(offset: 8, size: 4, slot: Slot(Value(isStart ? terms.constant(1, 32) : zero))),
            .init(offset: 12, size: 4, slot: Slot(Value(zero))),
            .init(offset: 16, size: 4, slot: Slot(Value(zero))),
        ]
        let context = memory.add(batch)
        var execution = BytecodeExecution(object, terms, world)
        return try execution.run(
            "decide_one",
            [Value(terms.zeroExtend(index, 64)), Value(.pointer(context, terms.constant(0, 64)))], memory,
            under: inputs.assumptions)
    }

    /// The decision, and the state: where it is kept, and, where a lane copies it, in the copy too.
    private func outputs(
        _ end: Execution, _ layout: Layout, _ global: Int, _ task: Int, _ outcome: Int, _ terms: Terms,
        isStart: Bool
    ) throws(NotModelled) -> Outcome {
        var values: [Field: Value] = [:]
        var obligations = end.obligations
        for field in isStart ? layout.global : layout.outputs {
            let region = field.structure == "decision" ? outcome : field.structure == "task" ? task : global
            values[field] = end.memory.load(region, field.offset, field.size, under: end.ends, terms)
        }
        if !isStart, end.memory.regions[outcome].size > MemoryLayout<sp_decision>.size {
            let begin = MemoryLayout<sp_decision>.size
            for field in layout.task + layout.global {
                let offset =
                    field.structure == "task" ? begin : begin + MemoryLayout<sp_task>.size
                let copy = end.memory.load(
                    outcome, offset + field.offset, field.size, under: end.ends, terms)
                let kept = values[field] ?? Value(.undefined)
                let differ = terms.test(kept, copy, under: end.ends) { x, y in
                    guard case .word(let x) = x, case .word(let y) = y else { return .always }
                    return terms.diagrams.not(terms.isEqual(x, y))
                }
                let condition = terms.diagrams.and(differ, end.ends)
                if condition == .never { continue }
                obligations.append(
                    Obligation(
                        kind: .copy, condition: condition,
                        what: "\(field.fullName), kept and in the outcome", place: name))
            }
        }
        return Outcome(values: values, ends: end.ends, obligations: obligations)
    }
}
