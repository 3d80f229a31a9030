// SPDX-License-Identifier: GPL-2.0-only
import CFuzzer
import Glibc
import PolicyText

// The parser of descriptions, given any bytes as a file; lines that begin with "#set " are settings as
// well. What it takes for a description must be the same again after it was written as YAML.

private let file = fileno(tmpfile())
private let path = "/proc/self/fd/\(file)"

private func check(_ bytes: UnsafeBufferPointer<UInt8>) {
    ftruncate(file, 0)
    pwrite(file, bytes.baseAddress, bytes.count, 0)
    let settings = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        .filter { $0.hasPrefix("#set ") }.map { String($0.dropFirst(5)) }
    _ = try? PolicySource.load(nameOrPath: "fair", settings: settings)
    do throws(PolicyError) {
        let description = try PolicySource.load(nameOrPath: path, settings: settings)
        let again = try? PolicySource.parse(description.yaml, file: "again")
        precondition(again == description, "a description that is not read as it was written")
    } catch {
        precondition(!error.problems.isEmpty && !error.description.isEmpty)
    }
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
_ = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    check(UnsafeBufferPointer(start: data, count: size))
    return 0
}
