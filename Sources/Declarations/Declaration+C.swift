// SPDX-License-Identifier: GPL-2.0-only

extension Declaration {
    /// The header that `bpf/abi.h` includes in the place of its own state.
    /// - Parameter file: the declaration's, for the reader.
    package func c(from file: String) -> String {
        let firsts = placedState.filter { $0.first != 0 }.map { "(state)->\($0.name) = \($0.first)ull;" }
        return """
            /* Generated from \(file). Do not edit. */
            #ifndef SP_PAIR_FUNCTIONS
            struct sp_params {
            \(Self.fields(placedParams))};

            \(cRows)
            struct sp_task {
            \(Self.fields(placedTask))\tsp_u32 generation;
            \tsp_u32 queue; /* enum sp_queue: the task's class; or one of the pair's own */
            };

            struct sp_global {
            \(Self.fields(placedState))};

            #define SP_PAIR(function) \(name)_##function
            #define SP_PAIR_QUEUES \(ownQueues?.encoded ?? 0)u /* as sp_policy.rate_max says them */
            #define SP_PAIR_WANTS \(eventMask)u /* SP_WANTS_... */
            \(inputs.isEmpty ? "" : cInputs)\
            #define SP_PAIR_FIRST(state) do { (void)(state); \(firsts.joined(separator: " ")) } while (0)
            #else
            \(cRowFunctions)\
            #endif

            """
    }

    private static func fields(_ fields: [Placed]) -> String {
        let used = fields.reduce(0) { $0 + $1.width.bytes }
        let unused = bytesMax - used
        return fields.map { "\t\($0.width.c) \($0.name);\n" }.joined()
            + (unused > 0 ? "\tsp_u8 unused[\(unused)]; /* 0 */\n" : "")
    }

    /// Elsewhere these words are something else.
    private static let isTold = "((event)->kind == SP_EVENT_ENQUEUE"

    /// Macros that the twin calls like functions: where they stand there is no event yet.
    private var cInputs: String {
        let words = ["first[0]", "since[0]", "switches", "since[1]"]
        let values = Input.allCases.filter { inputs.contains($0) && $0 != .comm }.map { input in
            let (word, bit) = place(of: input)
            let type = input == .cgroup ? "sp_u64" : input == .nice ? "sp_s32" : "sp_u32"
            return
                "#define \(name)_\(input)(event) \(Self.isTold) ? (\(type))((event)->\(words[word]) >> \(bit)) : 0)\n"
        }
        let names = names.map { entry in
            let tests = zip(words, entry.words).filter { $0.1.mask != 0 }.map {
                "((event)->\($0) & \($1.mask)ull) == \($1.value)ull"
            }
            return
                "#define \(name)_is_\(entry.name)(event) \(Self.isTold) && \(tests.joined(separator: " && ")))\n"
        }
        return (values + names).joined()
    }
}
