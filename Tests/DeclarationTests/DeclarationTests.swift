// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Declarations
import Testing

@Suite struct DeclarationTests {
    private func problems(_ text: String, file: String = "own.yaml") -> [String] {
        do throws(DeclarationError) {
            _ = try Declaration(yaml: text, file: file)
            return []
        } catch {
            return error.problems
        }
    }

    @Test func aDeclarationIsRead() throws {
        let text = """
            summary: What it does.
            queues: 2
            task: {level: u8, pass: u64}
            state: {seed: {type: u32, first: 7}}
            params:
              slice-min: {type: duration, range: 100us..1s, default: 2ms, doc: At least.}
              share: {type: u8, range: 1..100, default: 50}
              strict: {type: bool, default: true}
            """
        let declaration = try Declaration(yaml: text, file: "bpf/round_robin.yaml")
        #expect(declaration.name == "round_robin")
        #expect(declaration.queues == 2)
        #expect(declaration.params.map(\.name) == ["slice_min_ns", "share", "strict"])
        #expect(declaration.params.map(\.value) == [2_000_000, 50, 1])
        let c = declaration.c(from: "round_robin.yaml")
        // The widest first, and nothing in between; the rest of 40 bytes.
        #expect(
            c.contains("\tsp_u64 pass;\n\tsp_u8 level;\n\tsp_u8 unused[31]; /* 0 */\n\tsp_u32 generation;"))
        #expect(c.contains("(state)->seed = 7ull;"))
        #expect(c.contains("#define SP_PAIR(function) round_robin_##function"))
        let swift = declaration.types(of: "RoundRobin", from: "round_robin.yaml")
        #expect(swift.contains("public var `seed`: UInt32 = 7"))
        #expect(swift.contains("/// At least.\n        public var `slice_min_ns`: UInt64 = 2000000"))
    }

    @Test(arguments: [
        ("task: {pass: u46}", "own.yaml:1:14: error: task.pass is of the type \"u46\"", "did you mean u64?"),
        ("parms: {}", "own.yaml:1:1: error: unknown key \"parms\"", "did you mean params?"),
        ("task: {while: u8}", "own.yaml:1:8:", "a word of C's"),
        ("task: {queue: u8}", "own.yaml:1:8:", "every task has queue already"),
        ("task: {Pass: u8}", "own.yaml:1:8:", "is no name"),
        (
            "state: {a: u64, b: u64, c: u64, d: u64, e: u64, f: u8}", "own.yaml:1:8:",
            "41 bytes, 40 are allowed"
        ),
        (
            "params: {a: {type: u8, range: 1..300, default: 1}}", "own.yaml:1:31:",
            "params.a: \"300\" of its range is too much for u8: 255 at most"
        ),
        (
            "params: {a: {type: duration, range: 1..2ms, default: 1ms}}", "own.yaml:1:37:",
            "\"1\" of its range has no unit: write ns, us, ms or s"
        ),
        ("params: {a: {type: duration, range: 1ms, default: 1ms}}", "own.yaml:1:37:", "written 100us..100ms"),
        ("params: {a: {type: u8, range: 2..1, default: 1}}", "own.yaml:1:31:", "the smaller one comes first"),
        (
            "params: {a: {type: duration, range: 1ms..2ms, default: 4}}", "own.yaml:1:56:",
            "params.a: the default \"4\" has no unit"
        ),
        (
            "params: {a: {type: u8, range: 1..2, default: 1.5}}", "own.yaml:1:46:",
            "\"1.5\" is no whole number"
        ),
        ("params: {a: {type: u8, range: 1..2}}", "own.yaml:1:10:", "needs a default, 1 to 2"),
        ("params: {a: {type: bool, default: yes}}", "own.yaml:1:35:", "\"yes\" is neither true nor false"),
        (
            "params: {a: {type: bool, range: 0..1, default: true}}", "own.yaml:1:33:",
            "has a range, and is true or false"
        ),
        (
            "params:\n  a: {type: bool, default: true}\n  a: {type: bool, default: false}", "own.yaml:2:3:",
            "error: \"a\": given more than once in one group"
        ),
        ("wakeups: {look: [any, previous]}", "own.yaml:1:23:", "has previous behind any"),
        (
            "params: {a: {type: u8, range: 5..6, default: 7}}", "own.yaml:1:46:",
            "outside of the range, 5 to 6"
        ),
        ("params: {slice-max: {type: bool, default: true}}", "own.yaml:1:10:", "every policy has the key"),
        ("params: {a: {typ: u8}}", "own.yaml:1:14:", "did you mean type?"),
        (
            "params: {a: {type: duration, range: 1ms..2ms, default: 1ms}, a_ns: {type: u8, range: 1..2, default: 1}}",
            "own.yaml:1:1:", "params.a and params.a_ns are both called a_ns in the twins"
        ),
        ("queues: 65", "own.yaml:1:9:", "65 is none of 1 to 64"),
        ("queues: many", "own.yaml:1:9:", "{each: llc}, {count: 2}, or both"),
        ("queues: {each: lcl}", "own.yaml:1:16:", "did you mean llc?"),
        ("queues: {each: core}", "own.yaml:1:16:", "cpu, llc and node are known"),
        ("queues: {count: 0}", "own.yaml:1:17:", "1 to 64"),
        ("queues: {eahc: llc}", "own.yaml:1:10:", "did you mean each?"),
        ("wakeups: any", "own.yaml:1:10:", "such as {look: [previous, llc, any]}"),
        ("wakeups: {}", "own.yaml:1:10:", "says where to look"),
        ("wakeups: {lok: [any]}", "own.yaml:1:11:", "did you mean look?"),
        ("wakeups: {look: []}", "own.yaml:1:17:", "a list of places"),
        ("wakeups: {look: any}", "own.yaml:1:17:", "previous, waker, core, llc, waker-llc, node and any"),
        ("wakeups: {sync: [llc, prevous]}", "own.yaml:1:23:", "did you mean previous?"),
        ("wakeups: {sync: [llc, any, llc]}", "own.yaml:1:28:", "has llc twice"),
        ("wakeups: {look: [[llc]]}", "own.yaml:1:18:", "unknown place"),
        ("inputs: comm", "own.yaml:1:9:", "comm, cgroup, tgid, uid, nice and allowed are known"),
        ("inputs: [gid, uid]", "own.yaml:1:10:", "unknown input \"gid\""),
        ("inputs: [uid, nice, uid]", "own.yaml:1:21:", "has uid twice"),
        (
            "inputs: [comm, cgroup, uid, tgid, nice]\nnames: {a: b}", "own.yaml:1:9:",
            "36 bytes, 32 are allowed: comm"
        ),
        (
            "inputs: [comm, cgroup, uid]\nnames: {a: b}\nqueues: 3", "own.yaml:1:9:",
            "28 bytes, 24 are allowed with queues of its own"
        ),
        ("inputs: [comm]", "own.yaml:1:1:", "no names are there"),
        ("inputs: [uid]\nnames: {a: b}", "own.yaml:1:1:", "inputs has to have comm"),
        ("inputs: [comm]\nnames: {A: b}", "own.yaml:2:9:", "is no name"),
        ("inputs: [comm]\nnames: {a: abcdefghijklmnop}", "own.yaml:2:12:", "1 to 15 bytes"),
        ("inputs: [comm]\nnames: {a: ~}", "own.yaml:2:12:", "1 to 15 bytes"),
        ("inputs: [comm]\nnames: {a_1: b, a1: c}", "own.yaml:2:17:", "a1 and a_1 are both isA1 in Swift"),
        ("inputs: [comm]\nnames: {a: '*'}", "own.yaml:2:12:", "1 to 15 bytes"),
        (
            "- task", "own.yaml:1:1:",
            "a mapping of summary, queues, wakeups, alone, events, inputs, names, task, state, params and rows"
        ),
        ("task: {a: u8", "own.yaml:", "this is no YAML"),
    ])
    func whatIsWrongHasItsPlace(_ text: String, _ place: String, _ reason: String) {
        let found = problems(text).joined(separator: "\n")
        #expect(found.contains(place) && found.contains(reason), "\(found)")
    }

    /// As `SP_QUEUES_EACH_SHIFT` in `bpf/abi.h` says it, in both languages.
    @Test(arguments: [
        ("queues: 3", 3), ("queues: 64", 64), ("queues: {count: 2}", 2), ("queues: {each: cpu}", 1 << 16),
        ("queues: {each: llc}", 2 << 16), ("queues: {each: node, count: 5}", 3 << 16 | 5),
    ])
    func queuesOfItsOwn(_ text: String, _ encoded: UInt32) throws {
        let declaration = try Declaration(yaml: text, file: "own.yaml")
        #expect(declaration.ownQueues?.encoded == encoded)
        #expect(declaration.c(from: "own.yaml").contains("#define SP_PAIR_QUEUES \(encoded)u"))
        let swift = declaration.types(of: "Own", from: "own.yaml")
        #expect(swift.contains("public static var ownQueues: UInt32 { \(encoded) }"))
        #expect(declaration.literal.contains("ownQueues: \(encoded)"))
        #expect(try declaration.hash != Declaration(yaml: "", file: "own.yaml").hash)
    }

    @Test(arguments: ["", "queues: 1", "queues: 2"]) func theTwoQueuesOfAllAreNotItsOwn(_ text: String) throws
    {
        #expect(try Declaration(yaml: text, file: "own.yaml").ownQueues == nil)
    }

    /// As `sp_look` in `bpf/abi.h` says it: four bits for each place, the first one in the lowest.
    @Test(arguments: [
        ("wakeups: {look: [previous]}", 0x1, 0x1), ("wakeups: {look: [previous, core, llc]}", 0x431, 0x431),
        ("wakeups: {look: [previous, waker, core, llc, waker-llc, node, any]}", 0x7_65_43_21, 0x7_65_43_21),
        ("wakeups:\n  look: [any]\n  sync:\n  - waker-llc\n  - llc", 0x7, 0x45),
        ("wakeups: {sync: [waker]}", 0, 0x2),
    ])
    func whereAWakingTaskLooks(_ text: String, _ look: UInt32, _ sync: UInt32) throws {
        let declaration = try Declaration(yaml: text, file: "own.yaml")
        #expect(declaration.wakeups?.encoded.look == look)
        #expect(declaration.wakeups?.encoded.sync == sync)
        #expect(declaration.literal.contains("wakeups: (\(look), \(sync))"))
        // It is nothing that traces depend on.
        #expect(try declaration.hash == Declaration(yaml: "", file: "own.yaml").hash)
    }

    @Test func nothingIsSaidOfWakeups() throws {
        let declaration = try Declaration(yaml: "queues: {each: llc}", file: "own.yaml")
        #expect(declaration.wakeups == nil)
        #expect(declaration.literal.contains("wakeups: (0, 0)"))
    }

    /// Where each input is, as the mechanism puts it there: for all that may be declared.
    @Test func inputsAreWhereTheMechanismPutsThem() throws {
        let all: [(word: String, input: sp_input)] = [
            ("comm", SP_INPUT_COMM), ("cgroup", SP_INPUT_CGROUP), ("tgid", SP_INPUT_TGID),
            ("uid", SP_INPUT_UID),
            ("nice", SP_INPUT_NICE), ("allowed", SP_INPUT_ALLOWED),
        ]
        let words = ["first[0]", "since[0]", "switches", "since[1]"]
        var tried = 0
        for mask in 1...SP_INPUTS_ALL where sp_input_at(mask, SP_INPUTS_ALL + 1) <= UInt32(SP_INPUTS_BITS) {
            let wanted = all.filter { mask & $0.input.rawValue != 0 }
            let names = mask & SP_INPUT_COMM.rawValue != 0 ? "\nnames: {a: b}" : ""
            let text = "inputs: [\(wanted.map(\.word).joined(separator: ", "))]\(names)"
            let declaration = try Declaration(yaml: text, file: "own.yaml")
            #expect(declaration.inputMask == mask)
            #expect(declaration.literal.contains("inputs: \(mask), "))
            for (word, input) in wanted where input != SP_INPUT_COMM {
                let at = Int(sp_input_at(mask, input.rawValue))
                let c = "#define own_\(word)(event)"
                let place = "(event)->\(words[at / 64]) >> \(at % 64)) : 0)"
                let line = declaration.c(from: "own.yaml").split(separator: "\n").first { $0.hasPrefix(c) }
                #expect(line?.hasSuffix(place) == true, "\(text): \(line ?? "nothing"), not \(place)")
            }
            tried += 1
        }
        // With comm: any of the others, or cgroup and up to two others; without: all there are.
        #expect(tried == 16 + (1 + 4 + 6) + 31)
    }

    /// A name is whole, or begins so: two numbers, and which bits of them count.
    @Test(arguments: [
        (
            "ld", "first[0] & 18446744073709551615ull) == 25708ull",
            "since[0] & 18446744073709551615ull) == 0ull"
        ),
        ("cc1*", "first[0] & 16777215ull) == 3236707ull", ""),
        ("kworker/u8*", "since[0] & 65535ull) == 14453ull", "first[0] & 18446744073709551615ull"),
    ])
    func aNameIsComparedAsNumbers(_ name: String, _ one: String, _ other: String) throws {
        let declaration = try Declaration(yaml: "inputs: [comm]\nnames: {a_b: '\(name)'}", file: "own.yaml")
        let c = declaration.c(from: "own.yaml")
        #expect(c.contains("#define own_is_a_b(event)") && c.contains(one), "\(c)")
        #expect(other.isEmpty ? !c.contains("since[0]") : c.contains(other), "\(c)")
        #expect(declaration.types(of: "Own", from: "own.yaml").contains("public static func isAB("))
    }

    @Test func allProblemsAreTold() {
        #expect(problems("task: {a: u9, b: u10}\nstate: 3").count == 3)
        // What follows from another problem is none.
        #expect(problems("inputs: comm\nnames: {a: b}").count == 1)
        #expect(problems("inputs: [comm]\nnames: {a: ~}").count == 1)
    }

    @Test func theFilesNameIsTheTwins() {
        #expect(problems("", file: "folder/my-own.yaml")[0].contains("is no name"))
        #expect(problems("", file: "folder/own.yaml").isEmpty)
    }

    /// What traces are recognised by: a layout, and no range or text.
    @Test func theHashIsThatOfTheLayout() throws {
        func hash(_ text: String) throws -> UInt32 { try Declaration(yaml: text, file: "own.yaml").hash }
        let plain = try hash("task: {a: u8}")
        #expect(try hash("summary: Other.\ntask: {a: u8}") == plain)
        #expect(try hash("task: {b: u8}") != plain)
        #expect(try hash("task: {a: u16}") != plain)
        #expect(try hash("task: {a: u8}\nqueues: 2") != plain)
    }
}
