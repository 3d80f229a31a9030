// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Commands
import Foundation
import Output
import PolicyText

/// Makes a package with a pair of one's own: that of Examples/stride, under another name.
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a package with a policy of one's own: a Swift policy, its C twin, their proof.",
        discussion: """
            The package builds, passes its tests and schedules at once, by stride scheduling, which is to be \
            replaced: Sources/NAME has the policy, its C twin and the declaration of what it remembers and what \
            can be set. Its program has the commands run, conform, policy, trace and exec (docs/NEW-POLICY.md).

            Exit status: 0, 64 no usable name, 66 no checkout of sched-proto, 73 the folder exists already, or \
            cannot be made.
            """)

    @Argument(help: "The policy's name, and the new folder's: up to 31 of a-z, 0-9 and _, a letter first.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "The checkout of sched-proto that the package depends on. Default: the one that this program was built in.",
            valueName: "folder"), completion: .directory)
    var library: String?

    func run() {
        Failure.ending { () throws(Failure) in
            let type = try typeName()
            let library = try checkout()
            let folder = URL(fileURLWithPath: name)
            for (path, text) in PackageTemplate.texts {
                let file = folder.appending(path: named(path, type))
                var text = named(text, type)
                if path == "Package.swift" {
                    text = text.replacing("path: \"../..\"", with: "path: \(Self.literal(library))")
                }
                // A literal ends before its last line break.
                try write(text + "\n", to: file, isProgram: path.hasSuffix(".sh"))
            }
            Console.write(
                """
                \(name): a package; next:
                  cd \(name) && swift test && swift build
                  .build/debug/\(name) conform                  # both twins, random parameters and traces
                  make -C \(Printable.shellWord(library)) guest CLOCK=virtual CPUS=1 CMD="$PWD/effect.sh"
                Sources/\(type) is what to change: \(type).swift, \(name).h, \(name).yaml.

                """)
        }
    }

    private func named(_ text: String, _ type: String) -> String {
        text.replacing("Stride", with: type).replacing("stride", with: name)
    }

    /// `round_robin`: `RoundRobin`, of which the plugin makes the former again.
    private func typeName() throws(Failure) -> String {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            part.first.map { ("a"..."z").contains($0) } == true
                && part.allSatisfy { ("a"..."z").contains($0) || ("0"..."9").contains($0) }
        }
        guard isName, name.utf8.count <= 31 else {
            throw Failure(
                "new: \(Suggestion.quoted(name)) is no name: up to 31 of a-z, 0-9 and _, a letter first and behind each _",
                .usage)
        }
        let type = parts.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let taken = [
            "Policy", "Pair", "Pairs", "Task", "State", "Params", "Session", "Output", "Commands",
            "Conformance",
            "Scheduler", "Swift", "Testing", "Array", "Set", "Result", "String", "Foundation", "Dictionary",
        ]
        if taken.contains(type) {
            throw Failure("new: \(type) is a name that Swift or sched-proto has: choose another one", .usage)
        }
        return type
    }

    /// The folder of sched-proto's package, absolute.
    private func checkout() throws(Failure) -> String {
        func isCheckout(_ folder: URL) -> Bool {
            ["Package.swift", "bpf/policy_pair.h", "Plugins/PolicyInKernel"].allSatisfy {
                FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
            }
        }
        if let library {
            let folder = URL(fileURLWithPath: library).standardizedFileURL
            if isCheckout(folder) { return folder.path }
            throw Failure("new: \(Printable.line(library)) is no checkout of sched-proto", .noInput)
        }
        var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            if isCheckout(folder) { return folder.path }
        }
        throw Failure(
            "new: this program does not lie in a checkout of sched-proto: say with --library where one is",
            .noInput)
    }

    private func write(_ text: String, to file: URL, isProgram: Bool) throws(Failure) {
        let files = FileManager.default
        do {
            if file.lastPathComponent == "Package.swift", files.fileExists(atPath: name) {
                throw Failure("new: \(name) exists already", .cannotCreate)
            }
            try files.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            if isProgram { try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path) }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(
                "new: \(Printable.line(file.path)) cannot be written: \(error.localizedDescription)",
                .cannotCreate)
        }
    }

    /// A Swift string literal.
    private static func literal(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
