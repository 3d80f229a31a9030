// SPDX-License-Identifier: GPL-2.0-only
package import ArgumentParser
import Conformance
import Foundation
import PolicyText

/// What a shell proposes where the parser cannot know it: the shell asks the program itself.
package enum Completion {
    /// Shipped policies, and descriptions in the folder that was begun to be typed.
    package static let policies = CompletionKind.custom { _, _, prefix in names + files(prefix) }

    /// The same, and the word for random descriptions.
    static let subjects = CompletionKind.custom { _, _, prefix in names + ["random"] + files(prefix) }

    /// Names of lanes behind those that are there already.
    static let lanes = CompletionKind.custom { _, _, prefix in
        let typed = prefix.split(separator: ",", omittingEmptySubsequences: false).dropLast()
        let head = typed.map { $0 + "," }.joined()
        return LaneKind.allCases.map(\.rawValue).filter { !typed.contains(Substring($0)) }.map { head + $0 }
    }

    /// Keys, and behind a key its words.
    package static let settings = CompletionKind.custom { _, _, _ in
        PolicyReference.keys.flatMap { key in
            key.words.isEmpty ? ["\(key.path)="] : key.words.map { "\(key.path)=\($0)" }
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
