// SPDX-License-Identifier: GPL-2.0-only
package import ArgumentParser
import Conformance
import Foundation
import PolicyText

/// What a shell proposes where the parser cannot know it: the shell asks the program itself.
///
/// The scripts that ask hand the answers to bash's `compgen -W`, which expands them, and to zsh's
/// `_describe`, which splits them: a file called `$(id).yaml` would run `id`. So nothing is proposed that
/// would need quotes.
package enum Completion {
    /// Shipped policies, and descriptions in the folder that was begun to be typed.
    package static let policies = plain { prefix in names + files(prefix) }

    /// The same, and the word for random descriptions.
    static let subjects = plain { prefix in names + ["random"] + files(prefix) }

    /// Names of lanes behind those that are there already.
    static let lanes = plain { prefix in
        let typed = prefix.split(separator: ",", omittingEmptySubsequences: false).dropLast()
        let head = typed.map { $0 + "," }.joined()
        return LaneKind.allCases.map(\.rawValue).filter { !typed.contains(Substring($0)) }.map { head + $0 }
    }

    /// Keys, and behind a key its words.
    package static let settings = plain { _ in
        PolicyReference.keys.flatMap { key in
            key.words.isEmpty ? ["\(key.path)="] : key.words.map { "\(key.path)=\($0)" }
        }
    }

    private static func plain(_ propose: @escaping @Sendable (String) -> [String]) -> CompletionKind {
        .custom { _, _, prefix in propose(prefix).filter(isPlain) }
    }

    /// Whether no shell sees anything in a word but the word.
    static func isPlain(_ word: String) -> Bool {
        let others = Set("._/+@%:,=-".utf8)
        return word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: others.contains(byte)
            }
        }
    }

    private static var names: [String] {
        (try? PolicySource.shipped().map(\.name)) ?? []
    }

    private static func files(_ prefix: String) -> [String] {
        let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? "./"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted().map { folder + $0 }
    }
}
