// SPDX-License-Identifier: GPL-2.0-only
import Glibc

/// CPU limits of control groups (cgroup v2) that have no effect while a scheduler is attached: the kernel
/// leaves them to it, and ours know of `cpu.weight` alone, under a policy that goes by weight.
public struct GroupLimits: Sendable {
    /// One file with a value that is not its default.
    public struct Limit: Sendable, Equatable {
        /// The group below the root of all groups, such as `system.slice/web.service`. Anybody who may make
        /// groups chooses their names, of any bytes but 0 and `/`: what is not printable ASCII is `\xNN` here.
        public let group: String
        /// `cpu.max`, `cpu.weight` or `cpu.idle`.
        public let file: String
        public let value: String
    }

    /// In the order of the groups' names, parents first.
    public private(set) var limits: [Limit] = []
    /// Whether there are more groups than were looked at.
    public private(set) var isCutShort = false

    private static let groupsMax = 20_000
    private static let depthMax = 32

    private let includesEmpty: Bool
    /// Files, each with the value that limits nothing.
    private let looked: [(file: String, usual: Substring)]

    /// Looks at all groups, some 10 µs each.
    /// - Parameters:
    ///   - honoursWeight: whether `cpu.weight` has an effect.
    ///   - includesEmpty: whether groups without tasks count; one that was just limited is mostly empty.
    ///   - root: where they are mounted; for tests.
    public init(honoursWeight: Bool, includesEmpty: Bool = false, root: String = Self.mountPoint) {
        var left = Self.groupsMax
        looked = [("cpu.max", "max")] + (honoursWeight ? [] : [("cpu.weight", "100")]) + [("cpu.idle", "0")]
        self.includesEmpty = includesEmpty
        look(Array(root.utf8), [], depth: 0, &left)
        isCutShort = left == 0
    }

    /// Where systems mount cgroup v2: alone, or beside v1.
    public static var mountPoint: String {
        let beside = "/sys/fs/cgroup/unified"
        return access("\(beside)/cgroup.controllers", R_OK) == 0 ? beside : "/sys/fs/cgroup"
    }

    /// What to tell the person who attaches; nil if there is nothing.
    /// - Parameter shown: at most so many groups are named.
    public func notice(shown: Int = 4) -> String? {
        guard !limits.isEmpty else { return nil }
        var names = limits.prefix(shown).map { "\($0.file) of \(Self.shortened($0.group)) (\($0.value))" }
        if limits.count > shown { names.append("and \(limits.count - shown) more") }
        if isCutShort { names.append("and there are more groups than were looked at") }
        return
            "note: CPU limits of control groups have no effect while this scheduler is attached: \(names.joined(separator: ", "))"
    }

    private mutating func look(_ path: [UInt8], _ group: [UInt8], depth: Int, _ left: inout Int) {
        // The root has no limits.
        if !group.isEmpty {
            guard includesEmpty || isPopulated(path) else { return }
            for (file, usual) in looked {
                guard let value = Self.line(path, file) else { continue }
                if value.prefix(while: { $0 != " " }) != usual {
                    limits.append(Limit(group: Self.printable(group), file: file, value: value))
                }
            }
        }
        guard depth < Self.depthMax else { return }
        for name in Self.folders(path) {
            guard left > 0 else { return }
            left -= 1
            look(
                path + Self.slash + name, group.isEmpty ? name : group + Self.slash + name, depth: depth + 1,
                &left)
        }
    }

    private func isPopulated(_ path: [UInt8]) -> Bool {
        Self.text(path, "cgroup.events")?.contains("populated 1") ?? false
    }

    private static let slash = [UInt8(ascii: "/")]

    /// Their names as the kernel has them, which need not be text.
    private static func folders(_ path: [UInt8]) -> [[UInt8]] {
        guard let folder = opendir(terminated(path)) else { return [] }
        defer { closedir(folder) }
        var names: [[UInt8]] = []
        while let entry = readdir(folder) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func terminated(_ path: [UInt8]) -> [CChar] {
        path.map { CChar(bitPattern: $0) } + [0]
    }

    private static func line(_ path: [UInt8], _ file: String) -> String? {
        text(path, file)?.split(separator: "\n").first.map(String.init)
    }

    private static func text(_ path: [UInt8], _ file: String) -> String? {
        let descriptor = open(terminated(path + slash + Array(file.utf8)), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// Nothing in a name acts on a terminal.
    private static func printable(_ name: [UInt8]) -> String {
        var shown = ""
        for byte in name {
            if (0x21...0x7e).contains(byte), byte != UInt8(ascii: "\\") {
                shown.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                shown += "\\x" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return shown
    }

    private static func shortened(_ group: String) -> String {
        group.utf8.count > 120 ? "\(group.prefix(120))…" : group
    }
}
