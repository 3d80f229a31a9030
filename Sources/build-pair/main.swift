// SPDX-License-Identifier: GPL-2.0-only

// Run by the build plugin of packages with a policy of their own: makes Swift's types of what a pair declares, and
// compiles its twins for BPF mode and for `prove`.
import BPFBuild
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.count) {
case ("compile-own", 6...):
    compileSwift(
        root: arguments[1], bpf: arguments[2], output: arguments[3], exports: .own(type: arguments[4]),
        sources: Array(arguments.dropFirst(5)))
case ("compile-pair-swift", 7...):
    checkFunctions(
        root: arguments[1], bpf: arguments[2], declaration: arguments[4], type: arguments[5],
        sources: Array(arguments.dropFirst(6)))
    compileSwift(
        root: arguments[1], bpf: arguments[2], output: arguments[3],
        exports: .pair(type: arguments[5], modeOptions: modeOptions(declaration: arguments[4])),
        sources: Array(arguments.dropFirst(6)))
case ("declare", 5):
    declare(root: arguments[1], file: arguments[2], type: arguments[3], output: arguments[4])
case ("compile-pair", 7):
    compilePair(
        root: arguments[1], bpf: arguments[2], file: arguments[3], header: arguments[4], type: arguments[5],
        output: arguments[6])
case ("pair-ir", 8...):
    embedPair(
        root: arguments[1], bpf: arguments[2], declaration: arguments[3], header: arguments[4],
        type: arguments[5], output: arguments[6], sources: Array(arguments.dropFirst(7)))
default:
    fail(
        """
        usage: build-pair compile-own ROOT HEADERS OUTPUT TYPE SOURCE... | declare ROOT DECLARATION TYPE OUTPUT \
        | compile-pair-swift ROOT HEADERS OUTPUT DECLARATION TYPE SOURCE... \
        | compile-pair ROOT HEADERS DECLARATION HEADER TYPE OUTPUT \
        | pair-ir ROOT HEADERS DECLARATION HEADER TYPE OUTPUT SOURCE...
        """)
}
