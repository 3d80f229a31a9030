// SPDX-License-Identifier: GPL-2.0-only

extension Declaration {
    /// The members of the policy's type: `Task`, `State` and `Params`. It is compiled for BPF too.
    /// - Parameter file: the declaration's, for the reader.
    package func types(of type: String, from file: String) -> String {
        """
        // Generated from \(file). Do not edit.
        public import PolicyModel

        extension \(type) {
            /// What is remembered of one task.
            public struct Task: TaskState {
        \(Self.fields(placedTask))        public var generation: UInt32 = 0
                public var queue: UInt32 = 0
                public static var ownQueues: UInt32 { \(ownQueues?.encoded ?? 0) }

                public init() {}
            }

            /// What is remembered beside the tasks.
            public struct State: BitwiseCopyable, Sendable {
        \(Self.fields(placedState))
                public init() {}
            }

            /// What descriptions and settings say.
            public struct Params: BitwiseCopyable, Sendable {
        \(Self.fields(placedParams, values: params))
                /// Each at its default.
                public init() {}
            }
        }

        """
    }

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
        let parameters = params.map { parameter in
            """
            .init(key: "\(parameter.key)", kind: .\(parameter.kind), offset: \(placed(parameter)), \
            size: \(parameter.width.bytes), \
            range: \(parameter.range.lowerBound)...\(parameter.range.upperBound), \
            value: \(parameter.value), doc: \(Self.quoted(parameter.doc)))
            """
        }
        return """
            name: "\(name)", summary: \(Self.quoted(summary)), hash: \(hash), queues: \(queues), ownQueues: \(ownQueues?.encoded ?? 0),
                        wakeups: (\(wakeups?.encoded.look ?? 0), \(wakeups?.encoded.sync ?? 0)),
                        task: \(fields(placedTask)),
                        state: \(fields(placedState)),
                        params: [\(parameters.joined(separator: ",\n                    "))]
            """
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
