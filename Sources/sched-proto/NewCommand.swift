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
            can be set. Its program has the commands run, conform, prove, simulate, mutants, policy, trace and exec (docs/NEW-POLICY.md).

            Exit status: 0, 64 no usable name, 66 no checkout of sched-proto, 73 the folder exists already, or \
            cannot be made (then nothing is left of it), 74 standard output cannot be written.
            """)

    @Argument(help: "The policy's name, and the new folder's: up to 31 of a-z, 0-9 and _, a letter first.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "The checkout of sched-proto that the package depends on; with --tag a repository, as git names it. Default: the checkout that this program was built in.",
            valueName: "folder|url"), completion: .directory)
    var library: String?

    @Option(
        help: ArgumentHelp(
            "Depend on this version of it, a tag of its repository such as 0.1.0, and not on a folder.",
            valueName: "version"))
    var tag: String?

    func run() {
        Failure.ending { () throws(Failure) in
            let type = try typeName()
            let library = try dependency()
            let files = PackageTemplate.texts.map { path, text in
                var text = named(text, type)
                if path == "Package.swift" { text = library.named(in: text) }
                // A literal ends before its last line break.
                return WholeFolder.File(
                    path: named(path, type), bytes: Array((text + "\n").utf8),
                    isProgram: path.hasSuffix(".sh"))
            }
            do throws(WholeFile.Problem) {
                try WholeFolder.write(files, asNew: name)
            } catch .taken {
                throw Failure(
                    "new: \(name) exists already: choose another name, or remove it", .cannotCreate)
            } catch {
                throw Failure("new: the folder \(name) \(error); nothing is left of it", .cannotCreate)
            }
            Console.write(
                """
                \(name): a package; next:
                  cd \(name) && swift test && swift build
                  .build/debug/\(name) conform                  # both twins, random parameters and traces
                  .build/debug/\(name) simulate --cpus 1 --load loop:1 --load loop:1,nice=5
                  make -C \(Printable.shellWord(library.folder)) guest CLOCK=virtual CPUS=1 CMD="$PWD/effect.sh"
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
        if Self.takenTypes.contains(type) || Self.takenWords.contains(name) {
            throw Failure(
                "new: \(name) (in Swift \(type)) is a name that Swift, C or sched-proto has: choose another one",
                .usage)
        }
        return type
    }

    /// What the package depends on.
    private struct Library {
        /// The argument of `.package` for it, and what its products are of.
        let dependency: String
        let identity: String
        /// Where its Makefile is, from the new package.
        let folder: String

        func named(in manifest: String) -> String {
            manifest.replacing("name: \"sched-proto\", path: \"../..\"", with: dependency)
                .replacing("package: \"sched-proto\"", with: "package: \(NewCommand.literal(identity))")
        }
    }

    private func dependency() throws(Failure) -> Library {
        guard let tag else {
            if let library, library.contains("://") || library.hasPrefix("git@") {
                throw Failure(
                    "new: \(Printable.line(library)) is a repository: say with --tag which version of it",
                    .usage)
            }
            let folder = try checkout()
            return Library(
                dependency: "name: \"sched-proto\", path: \(Self.literal(folder))", identity: "sched-proto",
                folder: folder)
        }
        let parts = tag.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ UInt32($0) != nil }) else {
            throw Failure(
                "new: --tag \(Suggestion.quoted(tag)) is no version: three numbers, such as 0.1.0", .usage)
        }
        guard let library else {
            throw Failure("new: --tag is of a repository: say with --library of which", .usage)
        }
        var url = library
        if !url.contains("://") && !url.hasPrefix("git@") {
            let folder = URL(fileURLWithPath: library).standardizedFileURL
            guard FileManager.default.fileExists(atPath: folder.path) else {
                throw Failure("new: \(Printable.line(library)) is no repository", .noInput)
            }
            url = folder.absoluteString
        }
        while url.hasSuffix("/") { url.removeLast() }
        // As the package tool calls it: by the last part.
        var identity = String(url.split(whereSeparator: { $0 == "/" || $0 == ":" }).last ?? "")
        if identity.hasSuffix(".git") { identity.removeLast(4) }
        return Library(
            dependency: "url: \(Self.literal(url)), exact: \(Self.literal(tag))",
            identity: identity.lowercased(),
            folder: ".build/checkouts/\(identity)")
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

    /// Types that the package's own one would stand before, or that cannot be declared.
    private static let takenTypes: Set = [
        "Policy", "Pair", "Pairs", "Task", "State", "Params", "Session", "Output", "Commands",
        "Conformance", "Scheduler", "Event", "Decision", "Program",
        "Swift", "Testing", "Foundation", "Glibc", "Builtin", "Any", "AnyObject", "Self", "Type", "Protocol",
        "Array", "Bool", "Character", "Codable", "Comparable", "Copyable", "Dictionary", "Double", "Duration",
        "Equatable", "Error", "Escapable", "Float", "Float16", "Float32", "Float64", "Hashable",
        "Identifiable",
        "InlineArray", "Int", "Int8", "Int16", "Int32", "Int64", "Int128", "Never", "Optional", "Range",
        "Result",
        "Sendable", "Sequence", "Set", "Span", "String", "Substring", "Suite", "Test", "UInt", "UInt8",
        "UInt16",
        "UInt32", "UInt64", "UInt128", "Void",
    ]
    /// Words that C or Swift would read as something else.
    private static let takenWords: Set = [
        "auto", "bool", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
        "enum",
        "extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
        "return",
        "short", "signed", "sizeof", "static", "struct", "switch", "true", "typedef", "union", "unsigned",
        "void",
        "volatile", "while", "as", "class", "deinit", "extension", "func", "import", "in", "init", "internal",
        "is",
        "let", "nil", "operator", "private", "protocol", "public", "self", "subscript", "super", "throw",
        "throws",
        "try", "var", "where", "sp", "bpf", "main",
    ]

    /// A Swift string literal.
    fileprivate static func literal(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", "\"": literal += "\\" + String(scalar)
            case _ where Printable.isPrintable(scalar): literal.unicodeScalars.append(scalar)
            default: literal += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return literal + "\""
    }
}
