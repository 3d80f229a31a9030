// SPDX-License-Identifier: GPL-2.0-only

extension Declaration {
    /// The members of the policy's type: `Task`, `State` and `Params`. It is compiled for BPF too.
    /// - Parameter file: the declaration's, for the reader.
    package func types(of type: String, from file: String) -> String {
        """
        // Generated from \(file). Do not edit.
        public import PolicyModel\(inputs.isEmpty && tables.isEmpty ? "" : "\npublic import CSchedProto")

        extension \(type) {
            /// What is remembered of one task.
            public struct Task: TaskState {
        \(Self.fields(placedTask))        public var generation: UInt32 = 0
                public var queue: UInt32 = 0
                public static var ownQueues: UInt32 { \(ownQueues?.encoded ?? 0) }
                public static var wanted: UInt32 { \(eventMask) }

                public init() {}
            }
        \(swiftInputs)
            /// What is remembered beside the tasks.
            public struct State: BitwiseCopyable, Sendable {
        \(Self.fields(placedState))
                public init() {}
            }

            /// What descriptions and settings say.
            public struct Params: BitwiseCopyable, \(tables.isEmpty ? "" : "@unchecked ")Sendable {
        \(Self.fields(placedParams, values: params))
        \(swiftTables(of: type))\
        \(tables.isEmpty ? Self.plainInit : swiftParamsInPlace)\
            }
        \(swiftTableTypes(of: type))\
        \(swiftParamsFunction)\
        }

        """
    }

    /// What an ENQUEUE tells of who its task is.
    private var swiftInputs: String {
        let words = ["first.0", "since.0", "switches", "since.1"]
        let values = Input.allCases.filter { inputs.contains($0) && $0 != .comm }.map { input in
            let (word, bit) = place(of: input)
            let bits = "event.\(words[word]) >> \(bit)"
            let (type, value) =
                switch input {
                case .cgroup: ("UInt64", "event.\(words[word])")
                case .nice: ("Int32", "Int32(truncatingIfNeeded: \(bits))")
                default: ("UInt32", "UInt32(truncatingIfNeeded: \(bits))")
                }
            return """
                @inline(__always)
                public static func \(input)(_ event: sp_event) -> \(type) {
                    event.kind == SP_EVENT_ENQUEUE.rawValue ? \(value) : 0
                }

                """
        }
        let names = names.map { entry in
            let tests = zip(words, entry.words).filter { $0.1.mask != 0 }.map {
                "event.\($0) & \($1.mask) == \($1.value)"
            }
            return """
                /// Whether the task is called `\(entry.comm)\(entry.isPrefix ? "*" : "")`.
                @inline(__always)
                public static func \(entry.swiftName)(_ event: sp_event) -> Bool {
                    event.kind == SP_EVENT_ENQUEUE.rawValue && \(tests.joined(separator: " && "))
                }

                """
        }
        return (values + names).joined(separator: "\n").split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .map { $0.isEmpty ? "\n" : "\n    \($0)" }.joined()
    }

    private static let plainInit = "        /// Each at its default.\n        public init() {}\n"

    private static func fields(_ fields: [Placed], values: [Parameter] = []) -> String {
        var lines: [String] = []
        for field in fields {
            let parameter = values.first { $0.name == field.name }
            if let doc = parameter?.doc, !doc.isEmpty { lines.append("/// \(doc)") }
            let first = parameter?.value ?? field.first
            lines.append("public var `\(field.name)`: \(field.width.swift) = \(first)")
        }
        // No byte is left to chance: all are compared.
        var used = fields.reduce(0) { $0 + $1.width.bytes }
        while used < bytesMax {
            let width = Width.allCases.first { used % $0.bytes == 0 && used + $0.bytes <= bytesMax } ?? .u8
            lines.append("private let unused\(used): \(width.swift) = 0")
            used += width.bytes
        }
        return lines.map { "        \($0)\n" }.joined()
    }

    /// The arguments of `Pair.init` that say what was declared.
    package var literal: String {
        func fields(_ fields: [Placed]) -> String {
            "[" + fields.map { "(\"\($0.name)\", \($0.offset), \($0.width.bytes))" }.joined(separator: ", ")
                + "]"
        }
        let parameters = params.map { $0.literal(at: placed($0)) }
        let names = names.map { entry in
            "(" + entry.words.map { "\($0.value)" }.joined(separator: ", ") + ")"
        }.joined(separator: ", ")
        return """
            name: "\(name)", summary: \(Self.quoted(summary)), hash: \(hash), queues: \(queues), ownQueues: \(ownQueues?.encoded ?? 0),
                        inputs: \(inputMask), names: [\(names)],
                        wakeups: (\(wakeups?.encoded.look ?? 0), \(wakeups?.encoded.sync ?? 0)), isAskedAlone: \(isAskedAlone), sets: \(encodedSets), events: \(eventMask),
                        task: \(fields(placedTask)),
                        state: \(fields(placedState)),
                        params: [\(parameters.joined(separator: ",\n                    "))],
                        tables: \(tablesLiteral)
            """
    }

    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

extension Declaration.Parameter {
    /// A `PairParameter`.
    /// - Parameter offset: among the parameters, or in a row.
    func literal(at offset: Int) -> String {
        """
        .init(key: "\(key)", kind: .\(kind), offset: \(offset), \
        size: \(width.bytes), \
        range: \(range.lowerBound)...\(range.upperBound), \
        value: \(value), doc: \(Declaration.quoted(doc)))
        """
    }
}

extension Declaration.Name {
    /// `isBuildTool` of `build_tool`.
    var swiftName: String {
        "is" + name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}
