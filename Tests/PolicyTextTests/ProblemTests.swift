// SPDX-License-Identifier: GPL-2.0-only
import Testing

@testable import PolicyText

/// Every mistake is found, at its place, with what is allowed and what was perhaps meant.
@Suite struct ProblemTests {
    @Test func theGoodTextIsGood() { #expect(complaints(goodText) == ["no error"]) }

    /// What to replace in the good text, by what, and the only complaint about it.
    @Test(arguments: [
        (
            "max: 20ms", "maxx: 20ms",
            #"F:4:23: unknown key "maxx" in slice; rule, max and min are known; did you mean max?"#
        ),
        (
            "slice:", "slcie:",
            #"F:4:1: unknown key "slcie"; name, summary, wait-max, idle-cpu, kernel-threads, order, slice, classes and starvation are known; did you mean slice?"#
        ),
        (
            "rule: deadline", "rule: dedline",
            #"F:3:15: order.rule "dedline" is unknown here; fifo, vruntime or deadline is allowed; did you mean deadline?"#
        ),
        (
            "rule: shared", "rule: eevdf",
            #"F:4:15: slice.rule "eevdf" is unknown here; fixed, shared, averaged or weighted is allowed"#
        ),
        (
            "max: 20ms", "max: 20",
            #"F:4:28: slice.max "20" has no unit: write ns, us, ms or s behind the number; a duration of 100us to 100ms is allowed"#
        ),
        (
            "max: 20ms", "max: 20m",
            #"F:4:28: slice.max "20m" has an unknown unit, ns, us, ms and s are known; did you mean ms?; a duration of 100us to 100ms is allowed"#
        ),
        (
            "max: 20ms", "max: -20ms",
            #"F:4:28: slice.max "-20ms" is negative; a duration of 100us to 100ms is allowed"#
        ),
        (
            "max: 20ms", "max: 101ms",
            #"F:4:28: slice.max "101ms" is out of range; a duration of 100us to 100ms is allowed"#
        ),
        ("min: 1ms", "min: 21ms", "F:4:39: slice.min 21ms is above slice.max 20ms"),
        (
            "max: 20ms", "max: {a: 1}",
            "F:4:28: slice.max is a mapping; a duration of 100us to 100ms is allowed"
        ),
        ("max: 20ms", "max: [20ms]", "F:4:28: slice.max is a list; a duration of 100us to 100ms is allowed"),
        ("max: 20ms, ", "", "F:4:1: slice.max is missing; a duration of 100us to 100ms is required"),
        (
            "rule: shared", "rule: fixed",
            "F:4:38: slice.min is not read with slice.rule fixed, only with slice.rule shared, averaged or weighted"
        ),
        (
            "{rule: none}", "{rule: none, window: 1s}",
            "F:5:31: classes.window is not read with classes.rule none and order.burst plain, only with classes.rule voluntary-switches, or order.burst by-switches"
        ),
        (
            "{rule: none}", "{rule: none, rate-mxa: 3}",
            #"F:5:23: unknown key "rate-mxa" in classes; rule, rate-max, window, promote-on-sync-wakeup, promote-waiting-max and preempt-on-wakeup are known; did you mean rate-max?"#
        ),
        (
            "{rule: none}", "none",
            "F:5:10: classes is a group of keys (rule, rate-max, window, promote-on-sync-wakeup, promote-waiting-max and preempt-on-wakeup), this is a single value"
        ),
        (
            "name: good", "name: Good",
            #"F:1:7: name "Good" is unknown here; 1 to 31 characters of a-z, 0-9, _ and -, the first one a letter is allowed"#
        ),
        (
            "name: good", "name: true",
            #"F:1:7: name is "true", which YAML takes for something else than text: quote it"#
        ),
        (
            "name: good", "name:",
            "F:1:6: name is empty; 1 to 31 characters of a-z, 0-9, _ and -, the first one a letter is allowed"
        ),
        (
            "Nothing", "\"\\e[2J\" #",
            "F:2:10: summary has the character U+1B; one line of at most 200 characters is allowed"
        ),
        (
            "name: good", "name: good\nname: other",
            #"F:1:1: the key "name" is given more than once in one group, first here"#
        ),
        (
            "max: 20ms", "max: 20ms, \"max\": 5ms",
            #"F:4:23: the key "max" is given more than once in one group, first here"#
        ),
        ("max: 20ms", "max: &a 20ms", "F:4:28: anchors (&) and aliases (*) are refused: write the value out"),
        ("max: 20ms", "max: *a", "F:4:28: anchors (&) and aliases (*) are refused: write the value out"),
        ("max: 20ms", "max: !!int 20", #"F:4:28: tags ("tag:yaml.org,2002:int") are refused: leave it out"#),
        ("classes:", "\tclasses:", "F:5:1: a tab: YAML indents with spaces alone"),
        (
            "classes:", "max: 20ms\nclasses:",
            #"F:5:1: unknown key "max"; name, summary, wait-max, idle-cpu, kernel-threads, order, slice, classes and starvation are known; max stands in slice"#
        ),
        (
            "classes:", "slice.max: 20ms\nclasses:",
            #"F:5:1: unknown key "slice.max"; name, summary, wait-max, idle-cpu, kernel-threads, order, slice, classes and starvation are known; max stands in slice"#
        ),
        ("classes:", "[a, b]: 1\nclasses:", "F:5:1: a key is one word, this is a list"),
        (
            "classes:", "idle-cpu: drect\nclasses:",
            #"F:5:11: idle-cpu "drect" is unknown here; direct or queue is allowed; did you mean direct?"#
        ),
        (
            "name: good", "%YAML 9.9\n---\nname: good",
            "F:1:1: this is no YAML: found incompatible YAML document"
        ),
        ("classes:", "---\nclasses:", "F:5:1: a second document begins here; a file has one description"),
    ])
    func aMistakeIsFound(_ part: String, _ replacement: String, _ complaint: String) {
        let spoiled = goodText.replacing(part, with: replacement, maxReplacements: 1)
        #expect(complaints(spoiled) == [complaint])
    }

    @Test(arguments: [
        "order: {rule: deadline, sleep-credit: 20ms", "a: [1", "\"", "a: b: c", "- a\nb: c", "@", "%",
        "|\n\t x",
    ])
    func brokenYAMLHasAPlace(_ text: String) {
        let found = complaints(text)
        #expect(found.count == 1 && found[0].contains("this is no YAML: ") || found[0].contains("a tab:"))
        #expect(found[0].wholeMatch(of: /F:[1-9][0-9]*:[1-9][0-9]*: .*/) != nil)
    }

    @Test(arguments: ["", "\n\n", "# nothing\n", "---\n", "--- \n...\n"])
    func anEmptyTextIsSaidToBeEmpty(_ text: String) {
        let found = complaints(text)
        #expect(
            found.count == 1
                && found[0].hasSuffix(
                    "the description is empty; name, order.rule, slice.rule and slice.max are required")
        )
    }

    @Test func severalMistakesAreFoundAtOnce() {
        let text = """
            name: 7up
            order: {rule: fifo, burst: plain, sleep-credit: 1}
            slice: {rule: shraed, max: 20, min: nothing}
            clases: {rule: none}
            starvation: {limit: 5ms}
            """
        let found = complaints(text)
        #expect(
            found.map { $0.split(separator: ": ")[0] } == [
                "F:1:7", "F:2:28", "F:2:49", "F:3:15", "F:3:28", "F:3:37", "F:4:1",
            ])
    }

    @Test func aFloodOfMistakesIsCounted() {
        let found = complaints((0..<9000).map { "k\($0):\n" }.joined())
        #expect(found.count == 21 && found.last == "F: 8980 more problems")
    }

    @Test(arguments: ["yes", "True", "1", "\"true\"", "''"])
    func boolsAreTrueOrFalse(_ text: String) {
        let classes = "{rule: voluntary-switches, promote-on-sync-wakeup: \(text)}"
        let found = complaints(goodText.replacing("{rule: none}", with: classes))
        #expect(found.count == 1 && found[0].contains("true or false is allowed"))
    }

    @Test(arguments: ["0", "1001", "-1", "010", "0x10", "1.0", "1_0", "99999999999999999999", "'10'", "10 "])
    func integersAreDecimalAndInRange(_ text: String) {
        let classes = "{rule: voluntary-switches, rate-max: \(text)}"
        let found = complaints(goodText.replacing("{rule: none}", with: classes))
        let isFine = text == "10 "
        #expect(isFine ? found == ["no error"] : found.count == 1 && found[0].contains("1 to 1000"))
    }
}
