// SPDX-License-Identifier: GPL-2.0-only
import Output

/// What is wrong with the words of a scenario.
public struct ScenarioError: Error, CustomStringConvertible {
    /// One line: where, what, and what is allowed.
    public let description: String

    /// What it quotes may be anything.
    init(_ description: String) { self.description = Printable.line(description) }
}

/// A `key=value`, of which the values are numbers or durations.
public struct Setting {
    let key: String
    let value: String
    /// What messages call the text that it is from.
    let place: String

    init(_ text: some StringProtocol, in place: String) throws(ScenarioError) {
        guard let sign = text.firstIndex(of: "=") else {
            throw ScenarioError("\(place): '\(text)' is not written key=value")
        }
        key = String(text[..<sign])
        value = String(text[text.index(after: sign)...])
        self.place = place
    }

    /// Refuses a key that several of such texts say, of which the last one alone would count.
    public static func refuseTwice(_ texts: [String], in place: String) throws(ScenarioError) {
        var given: Set<String> = []
        for text in texts { try Setting(text, in: place).once(&given) }
    }

    func number<N: FixedWidthInteger>(_ range: ClosedRange<N>) throws(ScenarioError) -> N {
        guard let number = N(value), range.contains(number) else {
            throw wrong("a number of \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Nanoseconds, up to a day.
    func duration() throws(ScenarioError) -> UInt64 {
        let ns: UInt64
        do throws(DurationText.Flaw) {
            ns = value == "0" ? 0 : try DurationText.ns(value)
        } catch {
            throw ScenarioError("\(place): \(key)=\(value) \(error.text)")
        }
        guard ns <= 86_400_000_000_000 else { throw wrong("at most a day") }
        return ns
    }

    /// Of the same text, keeps what was given in mind.
    func once(_ given: inout Set<String>) throws(ScenarioError) {
        guard given.insert(key).inserted else {
            throw ScenarioError("\(place): \(key) is given twice: leave one of them out")
        }
    }

    func wrong(_ allowed: String) -> ScenarioError {
        ScenarioError("\(place): \(key)=\(value) is not \(allowed)")
    }

    func unknown(_ known: String) -> ScenarioError {
        ScenarioError("\(place): there is no '\(key)'; \(known) are known")
    }
}
