// SPDX-License-Identifier: GPL-2.0-only
import Declarations
import Foundation
import Output
import Pairs

/// A pair's sources as they stand in its author's folder, and those of this library: for what is built anew while
/// the program runs.
struct PairSources {
    /// Of the author's sources.
    let folder: String
    let declaration: Declaration
    /// The library's folder, as it was compiled.
    let root: String

    /// - Parameter package: the folder of the author's package.
    /// - Throws: 66 if a source is missing, 65 if the declaration is wrong, 78 if it is not the one that this program
    ///   was built from.
    init(_ pair: Pair, package: String) throws(Failure) {
        folder = "\(package)/Sources/\(pair.type)"
        let file = "\(folder)/\(pair.name).yaml"
        let declared = try Self.read(file)
        do throws(DeclarationError) {
            declaration = try Declaration(yaml: declared, file: file)
        } catch {
            throw Failure(Printable.lines("\(error)"), .badData)
        }
        guard declaration.hash == pair.hash else {
            throw Failure(
                "\(Printable.line(file)) declares something else than what this program was built from: build it first",
                .configuration)
        }
        // This file is Sources/Commands/PairSources.swift of it.
        root =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: "\(root)/bpf/pair_native.c") else {
            throw Failure(
                "the sources of sched-proto that this program was built with are not in \(Printable.line(root)) any more: build it again",
                .noInput)
        }
    }

    static func read(_ path: String) throws(Failure) -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Failure(
                "there is no \(Printable.line(path)): name the folder of the policy's package with --package",
                .noInput)
        }
        return text
    }
}
