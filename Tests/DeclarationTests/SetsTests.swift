// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Testing

@testable import Declarations
@testable import Output

/// Tasks that are alone on their CPUs, and CPUs of queues, as pairs declare them.
@Suite struct SetsTests {
    private func problems(_ text: String) -> [String] {
        do throws(DeclarationError) {
            _ = try Declaration(yaml: text, file: "own.yaml")
            return []
        } catch {
            return error.problems
        }
    }

    /// In one line, so that columns are easily counted.
    private static let params =
        "params: {a: {type: cpus, default: all}, b: {type: cpus, default: 4-7}, c: {type: u64, range: 1..2, default: 1}}"

    @Test(arguments: [("", false), ("alone: runs", false), ("alone: asked", true)])
    func whatBecomesOfATaskThatIsAlone(_ text: String, _ isAsked: Bool) throws {
        let declaration = try Declaration(yaml: text, file: "own.yaml")
        #expect(declaration.isAskedAlone == isAsked)
        #expect(declaration.literal.contains("isAskedAlone: \(isAsked), sets: 0,"))
        // Nothing that is laid out depends on it: older traces stay valid.
        #expect(try declaration.hash == Declaration(yaml: "", file: "own.yaml").hash)
    }

    @Test(arguments: [
        ("alone: aksed", "own.yaml:1:8:", "did you mean asked?"),
        ("alone: [asked]", "own.yaml:1:8:", "runs (for slice-max, nobody is asked) or asked, not \"\""),
        ("alone: true", "own.yaml:1:8:", "what becomes of a task for whose CPU nobody else waits"),
        (
            "queues: {count: 2, cpus: [all, uper]}\nparams: {upper: {type: cpus, default: all}}",
            "own.yaml:1:32:",
            "queues.cpus: unknown parameter \"uper\"; upper and all are known; did you mean upper?"
        ),
        (
            "queues: {count: 2, cpus: [lower]}\nparams: {lower: {type: u8, range: 0..1, default: 0}}",
            "own.yaml:1:27:", "there is no parameter of the type cpus"
        ),
        (
            "queues: {count: 2, cpus: all}", "own.yaml:1:26:",
            "a list of up to 8, for each queue the parameter"
        ),
        ("queues: {count: 2, cpus: []}", "own.yaml:1:26:", "a list of up to 8"),
        (
            "queues: {count: 9, cpus: [all, all, all, all, all, all, all, all, all]}", "own.yaml:1:26:",
            "a list of up to 8"
        ),
        ("queues: {count: 1, cpus: [a, b]}\n" + params, "own.yaml:1:9:", "is of 2 queues, and count is 1"),
        (
            "queues: {each: llc, cpus: [a]}\n" + params, "own.yaml:1:9:",
            "with it stands count, not each"
        ),
        (
            "queues: 3\nparams: {a: {type: cpus, default: 50%-150%}}", "own.yaml:2:35:",
            "\"50%-150%\" is not CPUs"
        ),
        (
            "queues: 3\nparams: {a: {type: cpus, range: 0..1, default: all}}", "own.yaml:2:33:",
            "has a range, and is CPUs, such as"
        ),
        ("queues: {cpsu: [a]}", "own.yaml:1:10:", "each, count and cpus are known; did you mean cpus?"),
        ("queues: 3\nparams: {a: {type: cpus}}", "own.yaml:2:10:", "needs a default, CPUs, such as 4-7"),
        (
            "queues: 3\nparams: {a: {type: cpus, default: 7-4}}", "own.yaml:2:35:",
            "the default \"7-4\" is not CPUs, such as 4-7, 4, 50%-100% or all"
        ),
        (
            "queues: 3\nparams: {a: {type: cpus, default: all}, b: {type: cpus, default: all}, "
                + "c: {type: cpus, default: all}, d: {type: cpus, default: all}, e: {type: cpus, default: all}}",
            "own.yaml:2:9:", "5 are of the type cpus, 4 are allowed"
        ),
        (
            "params: {a: {type: cpus, default: all}}", "own.yaml:1:1:",
            "a is of the type cpus, and there are no queues of its own: queues: {count: 2, cpus: [all, a]}"
        ),
        // Also the one queue, or two, that all have.
        ("queues: 2\nparams: {a: {type: cpus, default: all}}", "own.yaml:1:1:", "no queues of its own"),
        (
            "queues: 3\nwakeups: {look: [a, any]}\n" + params, "own.yaml:1:1:",
            "wakeups has places that parameters say, and no queue has CPUs"
        ),
        ("queues: 3\nwakeups: {look: [any], sync: [a]}\n" + params, "own.yaml:1:1:", "no queue has CPUs"),
        (
            "queues: 3\nwakeups: {look: [ab]}\n" + params, "own.yaml:2:18:",
            "node, any, a and b are known"
        ),
        (
            "queues: {count: 1, cpus: [a]}\nwakeups: {look: [a, b, a]}\n" + params, "own.yaml:2:24:",
            "has a twice"
        ),
    ])
    func whatIsWrongHasItsPlace(_ text: String, _ place: String, _ reason: String) {
        let found = problems(text).joined(separator: "\n")
        #expect(found.contains(place) && found.contains(reason), "\(found)")
    }

    /// As `SP_SETS_COUNT_SHIFT` in `bpf/abi.h` says it: where they begin, how many, and of each queue which one.
    @Test(arguments: [
        ("[all, a]", 0b001_000), ("[b]", 0b010), ("[b, all, a]", 0b001_000_010),
        ("[a, a, a, a, a, a, a, b]", 0o21111111),
    ])
    func cpusOfQueuesAreEncoded(_ cpus: String, _ queues: UInt32) throws {
        let text = "queues: {count: 8, cpus: \(cpus)}\n\(Self.params)"
        let declaration = try Declaration(yaml: text, file: "own.yaml")
        // Behind c, which is wider: 8 bytes.
        let begin: UInt32 = 2
        let expected = begin | 2 << UInt32(SP_SETS_COUNT_SHIFT) | queues << UInt32(SP_SETS_QUEUES_SHIFT)
        #expect(declaration.encodedSets == expected)
        #expect(declaration.literal.contains("isAskedAlone: true, sets: \(expected),"))
        // Its task may be in a queue of other CPUs when a slice is over.
        #expect(declaration.isAskedAlone)
    }

    /// Those that are CPUs follow one another, in the order of the file, whatever stands between them there.
    @Test func parametersThatAreCPUsStandTogether() throws {
        let text = """
            params:
              w: {type: u32, range: 1..2, default: 1}
              a: {type: cpus, default: 1}
              x: {type: u32, range: 1..2, default: 1}
              b: {type: cpus, default: 0%-50%}
              y: {type: u8, range: 1..2, default: 1}
              z: {type: u64, range: 1..2, default: 1}
            queues: {count: 2, cpus: [b]}
            """
        let declaration = try Declaration(yaml: text, file: "own.yaml")
        #expect(declaration.placedParams.map(\.name) == ["z", "a", "b", "w", "x", "y"])
        #expect(declaration.placedParams.map(\.offset) == [0, 8, 12, 16, 20, 24])
        #expect(declaration.encodedSets == 2 | 2 << 4 | 2 << 8)
        let half = UInt32(50) << UInt32(SP_CPUS_LAST_SHIFT) | SP_CPUS_PART
        #expect(declaration.params.filter { $0.kind == .cpus }.map(\.value) == [1 << 15 | 1, UInt64(half)])
        #expect(declaration.literal.contains("key: \"b\", kind: .cpus, offset: 12, size: 4"))
    }

    /// Of those that are CPUs the places of wake-ups are, in their order, also where wake-ups come first.
    @Test func setsArePlacesOfWakeups() throws {
        let text = "wakeups: {look: [b, any], sync: [a]}\nqueues: {count: 1, cpus: [a]}\n\(Self.params)"
        let declaration = try Declaration(yaml: text, file: "own.yaml")
        let set = SP_LOOK_SET.rawValue
        #expect(
            declaration.wakeups?.encoded.look == set + 1 | SP_LOOK_ANY.rawValue << UInt32(SP_LOOK_BITS))
        #expect(declaration.wakeups?.encoded.sync == set)
    }

    /// A pair may ask on which CPUs an event is though no queue has any.
    @Test func queuesNeedNotHaveCPUs() throws {
        let declaration = try Declaration(yaml: "queues: 3\n" + Self.params, file: "own.yaml")
        #expect(declaration.encodedSets == 2 | 2 << 4)
        #expect(!declaration.isAskedAlone)
    }

    /// What is said twice, here and in `bpf/abi.h`.
    @Test func numbersAreThoseOfTheHeader() {
        #expect(Declaration.OwnQueues.setsMax == Int(SP_SETS_MAX))
        #expect(Declaration.OwnQueues.queuesWithSetsMax == Int(SP_SET_QUEUES))
        #expect(Declaration.OwnQueues.countMax == Int(SP_QUEUES_COUNT_MAX))
        #expect(Declaration.bytesMax == Int(SP_PAIR_BYTES))
        // All queues' sets have room behind the other two numbers.
        #expect(
            Int(SP_SETS_QUEUES_SHIFT) + Int(SP_SET_QUEUES) * Int(SP_SETS_QUEUE_BITS) <= UInt32.bitWidth)
        #expect(Int(SP_SETS_MAX) <= Int(SP_SETS_QUEUE_MASK) && Int(SP_SETS_MAX) <= Int(SP_SETS_MASK))
        // Where parameters begin fits, in u32s.
        #expect(Int(SP_PAIR_BYTES) / 4 <= Int(SP_SETS_MASK))
    }
}
