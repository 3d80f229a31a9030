// SPDX-License-Identifier: GPL-2.0-only
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
        ("params: {a: {type: u8, range: 1..300, default: 1}}", "own.yaml:1:31:", "needs a range"),
        ("params: {a: {type: duration, range: 1..2, default: 1ms}}", "own.yaml:1:37:", "100us..100ms"),
        (
            "params: {a: {type: u8, range: 5..6, default: 7}}", "own.yaml:1:46:",
            "outside of the range, 5 to 6"
        ),
        ("params: {slice-max: {type: bool, default: true}}", "own.yaml:1:10:", "every policy has the key"),
        ("params: {a: {typ: u8}}", "own.yaml:1:14:", "did you mean type?"),
        ("queues: 3", "own.yaml:1:9:", "queues is 1, or 2"),
        ("- task", "own.yaml:1:1:", "a mapping of summary, queues, task, state and params"),
        ("task: {a: u8", "own.yaml:", "this is no YAML"),
    ])
    func whatIsWrongHasItsPlace(_ text: String, _ place: String, _ reason: String) {
        let found = problems(text).joined(separator: "\n")
        #expect(found.contains(place) && found.contains(reason), "\(found)")
    }

    @Test func allProblemsAreTold() {
        #expect(problems("task: {a: u9, b: u10}\nstate: 3").count == 3)
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
