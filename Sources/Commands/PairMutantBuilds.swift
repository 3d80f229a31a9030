// SPDX-License-Identifier: GPL-2.0-only
import BPFBuild
import CSchedProto
import Declarations
import Foundation
import Mutation
import Output
import Pairs
import SwiftToBPF

/// Which of a pair's twins is mutated.
enum Twin: String, CaseIterable, Sendable {
    case c
    case swift
}

/// A pair's sources as they stand in its author's folder, and mutants of them as libraries and as LLVM IR.
struct PairMutantBuilds: Sendable {
    /// One file of a twin.
    struct Source: Sendable {
        let name: String
        let text: String
    }

    private let type: String
    /// Of the sources, and what there is of each twin.
    let folder: String
    private let twins: [Twin: [Source]]
    private let stateHeader: String
    private let types: String
    /// Of ours: the headers, and the library that the Swift policy is compiled with.
    private let bpf: String
    private let library: [String]
    private let clang: String
    private let swiftc: String
    private let work: String

    /// Reads the sources.
    /// - Parameters:
    ///   - package: the folder of the author's package.
    ///   - work: a folder of this object's own, for what it builds.
    /// - Throws: 66 if a source is missing, 65 if the declaration is wrong, 69 without a compiler, 78 if the
    ///   declaration is not the one that this program was built from.
    init(_ pair: Pair, package: String, work: String) throws(Failure) {
        self.work = work
        let found = try PairSources(pair, package: package)
        let declaration = found.declaration
        type = pair.type
        folder = found.folder
        stateHeader = declaration.c(from: "\(pair.name).yaml")
        types = declaration.types(of: type, from: "\(pair.name).yaml")
        var swift: [Source] = []
        for name in Self.allNames(folder) where name.hasSuffix(".swift") {
            swift.append(Source(name: name, text: try PairSources.read("\(folder)/\(name)")))
        }
        twins = [
            .c: [Source(name: "\(pair.name).h", text: try PairSources.read("\(folder)/\(pair.name).h"))],
            .swift: swift,
        ]
        bpf = "\(found.root)/bpf"
        let model = "\(found.root)/Sources/PolicyModel"
        library = Self.names(model).filter { $0.hasSuffix(".swift") }.map { "\(model)/\($0)" }
        guard let clang = locateClang(), let swiftc = besideSwift("swiftc") ?? onPath("swiftc") else {
            throw Failure(
                "mutants are compiled: neither clang nor swiftc may be missing on PATH", .unavailable)
        }
        (self.clang, self.swiftc) = (clang, swiftc)
        do {
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            try stateHeader.write(toFile: "\(work)/state.h", atomically: false, encoding: .utf8)
        } catch {
            throw Failure(
                "\(Printable.line(work)) cannot be written: \(error.localizedDescription)", .cannotCreate)
        }
    }

    /// All mutants of a twin.
    func mutations(_ twin: Twin) -> [Mutation] {
        (twins[twin] ?? []).flatMap { Mutator(file: $0.name, text: $0.text).mutations() }
    }

    /// A twin as a library, with one of its files changed.
    /// - Parameter number: names the folder for it.
    /// - Returns: its path; nil if it does not compile.
    func library(of twin: Twin, _ mutation: Mutation?, number: Int, loudly: Bool = false) -> String? {
        compile(
            twin, mutation, number, to: "twin.so", c: ["-O1", "-w", "-fPIC", "-shared"],
            swift: ProofIR.swiftCompilation(headers: bpf) + ["-emit-library"], loudly: loudly)
    }

    /// The same as LLVM IR, for the prover.
    func ir(of twin: Twin, _ mutation: Mutation?, number: Int) -> String? {
        compile(
            twin, mutation, number, to: "twin.ll", c: ProofIR.cOptions(headers: bpf),
            swift: ProofIR.swiftOptions(headers: bpf))
    }

    func remove(_ twin: Twin, _ number: Int) {
        try? FileManager.default.removeItem(atPath: place(twin, number))
    }

    private func place(_ twin: Twin, _ number: Int) -> String { "\(work)/\(twin.rawValue)-\(number)" }

    private func compile(
        _ twin: Twin, _ mutation: Mutation?, _ number: Int, to name: String, c: [String], swift: [String],
        loudly: Bool = false
    ) -> String? {
        let place = place(twin, number)
        var files = (twins[twin] ?? []).map {
            Source(name: $0.name, text: $0.name == mutation?.file ? mutation?.text ?? $0.text : $0.text)
        }
        if twin == .swift {
            files.append(Source(name: "\(type)+Types.swift", text: types))
            files.append(Source(name: "Entry+Mutant.swift", text: ProofIR.pairEntry(type)))
        }
        do {
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            for file in files {
                let path = URL(fileURLWithPath: "\(place)/\(file.name)")
                try FileManager.default.createDirectory(
                    at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
                try file.text.write(to: path, atomically: false, encoding: .utf8)
            }
        } catch {
            return nil
        }
        let command: [String]
        switch twin {
        case .c:
            command =
                [clang] + c + [
                    "-I", bpf, "-iquote", folder, "-std=gnu17", "-DSP_PAIR_STATE=\"\(work)/state.h\"",
                    "-DSP_PAIR_HEADER=\"\(place)/\(files[0].name)\"", "-Dsp_pair_start=sp_native_start",
                    "-Dsp_pair_decide=sp_native_decide", "\(bpf)/pair_native.c",
                ]
        case .swift:
            command = [swiftc] + swift + files.map { "\(place)/\($0.name)" } + library
        }
        let output = "\(place)/\(name)"
        let line = command + ["-o", output]
        return (loudly ? Subprocess.loudStatus(line) : Subprocess.status(line)) == 0 ? output : nil
    }

    /// Those in its subfolders too, by their paths in it.
    private static func allNames(_ folder: String) -> [String] {
        (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []).sorted()
    }

    private static func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
