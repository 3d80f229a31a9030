// SPDX-License-Identifier: GPL-2.0-only

/// What has to be known of a BPF object before it is given to a kernel.
public struct ObjectFile {
    /// Functions and variables that it needs and does not have.
    public let needed: [String]
    /// Functions that it has.
    public let functions: [String]
    /// Numbers of helpers that its programs call; each once.
    public let helpers: Set<Int32>
    /// Whether something is called through a pointer, which no verifier admits.
    public let callsPointers: Bool

    /// - Parameter bytes: the file.
    /// - Returns: nil if it is no such file, or damaged.
    public init?(_ bytes: [UInt8]) {
        guard let object = try? ELFObject(name: "the object", bytes: bytes) else { return nil }
        let named = object.symbols.filter { !$0.name.isEmpty }
        needed = named.filter { $0.section == 0 }.map(\.name)
        functions = named.filter { $0.section != 0 && $0.isFunction }.map(\.name)
        var helpers: Set<Int32> = []
        var callsPointers = false
        for section in object.sections where section.isCode {
            for place in stride(from: 0, to: section.bytes.count - 7, by: 8) {
                let code = section.bytes[place]
                if code == 0x8d { callsPointers = true }
                guard code == 0x85, section.bytes[place + 1] >> 4 == 0,
                    let number: Int32 = section.number(place + 4)
                else { continue }
                helpers.insert(number)
            }
        }
        self.helpers = helpers
        self.callsPointers = callsPointers
    }
}
