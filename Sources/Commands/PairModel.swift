// SPDX-License-Identifier: GPL-2.0-only
import BPFBuild
import Declarations
import Foundation
import Mutation
import Output
import Pairs
import Simulation

/// The simulated kernel with the real backends of a pair in it, compiled with the C twin as it stands in the package.
/// It is kept beside the package's other products, and made again when a source of it changes.
struct PairModel {
    private let sources: PairSources
    /// Of the model and the backends: those that the program was built with, or wrong ones in their place.
    private let root: String
    private let header: String
    private let clang: String
    /// Where what is built is kept.
    private let kept: String

    /// - Throws: as `PairSources`, and 69 without clang, 78 without a C twin, 73 where nothing can be kept.
    init(_ pair: Pair, package: String, root: String?) throws(Failure) {
        // Headers are included from other folders.
        let package = URL(fileURLWithPath: package).standardizedFileURL.path
        sources = try PairSources(pair, package: package)
        if let obstacle = pair.c.obstacle { throw Failure(obstacle, .configuration) }
        self.root = root ?? sources.root
        header = "\(sources.folder)/\(pair.name).h"
        guard let clang = locateClang() else {
            throw Failure("the simulated kernel is compiled: clang may not be missing on PATH", .unavailable)
        }
        self.clang = clang
        kept = "\(package)/.build/sched-proto-model/\(pair.name)"
    }

    /// The library's path.
    func library() throws(Failure) -> String {
        let state = sources.declaration.c(from: "\(sources.declaration.name).yaml")
        let key = try key(state)
        let library = "\(kept)/\(key).so"
        if FileManager.default.fileExists(atPath: library) { return library }
        let work = "\(kept)/\(key).\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: work) }
        do {
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            try state.write(toFile: "\(work)/state.h", atomically: false, encoding: .utf8)
        } catch {
            throw Failure(
                "\(Printable.line(work)) cannot be written: \(error.localizedDescription)", .cannotCreate)
        }
        ConformOutput.note("compiling the simulated kernel with \(Printable.line(header))")
        try build(work)
        // As a whole, or not at all: another process may do the same.
        guard rename("\(work)/model.so", library) == 0 else {
            throw Failure("rename to \(Printable.line(library)): errno \(errno)", .cannotCreate)
        }
        removeOthers(but: "\(key).so")
        return library
    }

    /// Those that were made of other sources; a process that uses one has it in memory.
    private func removeOthers(but library: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: kept)) ?? []
        for name in names where name.hasSuffix(".so") && name != library {
            try? FileManager.default.removeItem(atPath: "\(kept)/\(name)")
        }
    }

    /// Changes with every byte that it is made of.
    private func key(_ state: String) throws(Failure) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        add(state.utf8)
        add((modelOptions + sources.declaration.userModeOptions + [clang]).joined().utf8)
        // What the twin includes from elsewhere is not seen.
        let own = Self.files(sources.folder).filter { !$0.hasSuffix(".swift") }
        let ours =
            (Self.files("\(root)/bpf") + Self.files(model) + Self.files("\(root)/Sources/PolicyModel/Shipped"))
            .filter { $0.hasSuffix(".c") || $0.hasSuffix(".h") }
        for path in own + ours {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw Failure("\(Printable.line(path)) cannot be read", .noInput)
            }
            add(path.utf8)
            add(bytes)
        }
        return String(hash, radix: 16)
    }

    private var model: String { "\(root)/Sources/CSimKernel" }

    /// What of the mechanism the model does not know: see `knows_policy` there.
    private var modelOptions: [String] {
        sources.declaration.modeOptions.isEmpty ? [] : ["-DSIM_ANY_POLICY"]
    }

    private func build(_ work: String) throws(Failure) {
        let bpf = "\(root)/bpf"
        let common =
            [
                clang, "-O2", "-w", "-fPIC", "-std=gnu17", "-I", "\(model)/standin", "-I", bpf, "-I", model,
                "-I",
                "\(model)/include", "-iquote", sources.folder, "-DSP_PAIR_STATE=\"\(work)/state.h\"",
                "-DSP_PAIR_HEADER=\"\(header)\"",
            ] + modelOptions
        let files = Self.files(model).filter { $0.hasSuffix(".c") && !$0.hasSuffix("/user_mode.c") }
        let commands = [
            common + sources.declaration.userModeOptions + [
                "-c", "\(model)/user_mode.c", "-o", "\(work)/user.o",
            ],
            common + sources.declaration.modeOptions + ["-shared", "-Wl,-Bsymbolic"] + files
                + ["\(work)/user.o", "-o", "\(work)/model.so"],
        ]
        for command in commands where Subprocess.loudStatus(command) != 0 {
            throw Failure(
                "\(Printable.line(header)) does not compile with the simulated kernel: what clang says stands above",
                .badData)
        }
    }

    /// All files of a folder and its folders.
    private static func files(_ folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        var isFolder: ObjCBool = false
        return names.sorted().map { "\(folder)/\($0)" }.filter {
            FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && !isFolder.boolValue
        }
    }
}
