// SPDX-License-Identifier: GPL-2.0-only
import Glibc

/// z3, as a process of its own that is spoken to in SMT-LIB. What it is not certain of, it is not asked again:
/// its limit is the work it does, not the time that takes, so a loaded machine gets the same answers.
package final class Solver {
    package enum Answer: Sendable {
        case impossible
        /// Values of the variables for which it holds.
        case possible([(term: Term, value: UInt64)])
        /// The solver gave up, for this reason.
        case unknown(String)
        /// The solver is gone, or speaks nonsense: whatever it was asked is not asked again.
        case ended(String)
    }

    package struct Unavailable: Error, CustomStringConvertible {
        package let description: String
    }

    /// Debian 12's.
    package static let needed = (major: 4, minor: 8, patch: 12)
    /// Megabytes that the process may have.
    package static let memoryMax = 700
    /// A solver that ends so often is not started again.
    private static let restartsMax = 20
    /// Seconds without any answer after which a process is given up that was stopped from outside. Its own
    /// limit is reached long before.
    private static let silenceMax = 600

    /// Seconds in which a solver has to say its version.
    private static let versionMax = 10

    package let version: String
    /// Questions asked so far.
    package private(set) var questions = 0
    private let program: String
    private var process: Child?
    /// How often it had to be started anew.
    package private(set) var restarts = 0
    private var isFresh = true
    /// Whether no answer is wanted any more: then each question ends without one.
    private let isOver: () -> Bool

    /// - Parameter program: a path, or a name on PATH.
    package init(program: String, isOver: @escaping () -> Bool = { false }) throws(Unavailable) {
        self.program = program
        self.isOver = isOver
        guard let text = Child.firstLine(of: program, ["--version"], seconds: Self.versionMax) else {
            throw Unavailable(
                description:
                    "no solver: '\(program)' cannot be run, and nothing is proven without it; install z3 4.8.12 or newer (make setup)"
            )
        }
        guard !text.isEmpty else {
            throw Unavailable(
                description:
                    "'\(program)' is no z3: it says nothing to --version for \(Self.versionMax) s, or ends; name another one with --solver"
            )
        }
        let words = text.split(separator: " ")
        guard text.hasPrefix("Z3 version"), words.count > 2 else {
            throw Unavailable(description: "'\(program)' is no z3: it says \"\(text.prefix(60))\"")
        }
        version = String(words[2])
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        let found = (numbers.first ?? 0, numbers.dropFirst().first ?? 0, numbers.dropFirst(2).first ?? 0)
        guard found >= (Self.needed.major, Self.needed.minor, Self.needed.patch) else {
            throw Unavailable(
                description:
                    "z3 is too old: found \(version), needed \(Self.needed.major).\(Self.needed.minor).\(Self.needed.patch) or newer (make setup installs one; --solver names another)"
            )
        }
    }

    /// Asks whether something can be.
    ///
    /// - Parameters:
    ///   - question: with `(check-sat)` at its end.
    ///   - variables: whose values are wanted if it can.
    ///   - effort: the solver's own measure of work.
    package func ask(_ question: String, variables: [(name: String, term: Term)], effort: Int) -> Answer {
        questions += 1
        do throws(Gone) {
            let child = try running()
            if !isFresh { try send("(reset)\n", child) }
            isFresh = false
            try send("(set-option :produce-models true)\n(set-option :rlimit \(effort))\n" + question, child)
            let answer = try line(child)
            switch answer {
            case "unsat": return .impossible
            case "unknown": return .unknown("the solver's limit of work")
            case "sat": return .possible(try values(of: variables, child))
            default: return fail("the solver says \"\(answer.prefix(80))\"")
            }
        } catch {
            return fail(error.description)
        }
    }

    private struct Gone: Error, CustomStringConvertible {
        let description: String
    }

    private func running() throws(Gone) -> Child {
        if isOver() { throw Gone(description: "nobody waits for the answer any more") }
        if let process { return process }
        guard restarts < Self.restartsMax else {
            throw Gone(description: "the solver ended \(restarts) times, and is not started again")
        }
        guard let child = Child(program, ["-in", "-smt2", "-memory:\(Self.memoryMax)"]) else {
            throw Gone(description: "the solver cannot be started")
        }
        process = child
        isFresh = true
        return child
    }

    /// The process is of no use any more; the next question gets a new one.
    private func fail(_ reason: String) -> Answer {
        if process != nil { restarts += 1 }
        process = nil
        return .ended(reason)
    }

    private func send(_ text: String, _ child: Child) throws(Gone) {
        guard child.write(text) else {
            throw Gone(description: "the solver ended, or was ended, without an answer")
        }
    }

    private func line(_ child: Child) throws(Gone) -> String {
        guard let line = child.line(seconds: Self.silenceMax, isOver: isOver) else {
            throw Gone(description: "the solver ended, or was ended, without an answer")
        }
        return line
    }

    private func values(of variables: [(name: String, term: Term)], _ child: Child) throws(Gone) -> [(
        term: Term, value: UInt64
    )] {
        var found: [(term: Term, value: UInt64)] = []
        for (name, variable) in variables {
            try send("(get-value (\(name)))\n", child)
            let text = try line(child)
            guard let value = Self.number(text) else {
                throw Gone(description: "the solver says \"\(text.prefix(80))\"")
            }
            found.append((variable, value))
        }
        return found
    }

    /// The number in `((t1 #x00ff))`.
    private static func number(_ text: String) -> UInt64? {
        guard let mark = text.firstIndex(of: "#") else { return nil }
        let rest = text[text.index(after: mark)...]
        let digits = rest.dropFirst().prefix { $0.isHexDigit }
        return UInt64(digits, radix: rest.first == "x" ? 16 : 2)
    }
}
