// SPDX-License-Identifier: GPL-2.0-only

/// In which order the parts of a function are worked on, so that all ways to one have come together before it is
/// its turn. The order does not decide what is right, only how much work it is.
enum BlockOrder {
    /// For each block its place: after all from which it can be reached, those of a loop side by side.
    static func of(_ count: Int, _ successors: [[Int]]) throws(NotModelled) -> [Int] {
        var state = Walk(successors: successors, count: count)
        if count > 0 { state.visit(0) }
        // Components come out in reverse; within one, the order of the walk.
        var finish = [Int](repeating: 0, count: count)
        for (place, block) in state.postorder.enumerated() { finish[block] = state.postorder.count - place }
        let all = (0..<count).sorted { a, b in
            let (x, y) = (state.component[a], state.component[b])
            return x != y ? x > y : finish[a] < finish[b]
        }
        var order = [Int](repeating: 0, count: count)
        for (place, block) in all.enumerated() { order[block] = place }
        return order
    }

    /// Tarjan's components, without recursion, since bytecode has thousands of instructions.
    private struct Walk {
        let successors: [[Int]]
        var component: [Int]
        var postorder: [Int] = []
        private var index: [Int]
        private var low: [Int]
        private var onStack: [Bool]
        private var stack: [Int] = []
        private var next = 0
        private var components = 0

        init(successors: [[Int]], count: Int) {
            self.successors = successors
            component = [Int](repeating: -1, count: count)
            index = [Int](repeating: -1, count: count)
            low = index
            onStack = [Bool](repeating: false, count: count)
        }

        private mutating func enter(_ block: Int) {
            index[block] = next
            low[block] = next
            next += 1
            stack.append(block)
            onStack[block] = true
        }

        mutating func visit(_ first: Int) {
            var path: [(block: Int, place: Int)] = [(first, 0)]
            enter(first)
            while let (block, place) = path.last {
                if place < successors[block].count {
                    path[path.count - 1].place += 1
                    let to = successors[block][place]
                    if index[to] < 0 {
                        enter(to)
                        path.append((to, 0))
                    } else if onStack[to] {
                        low[block] = min(low[block], index[to])
                    }
                    continue
                }
                path.removeLast()
                postorder.append(block)
                if let parent = path.last?.block { low[parent] = min(low[parent], low[block]) }
                if low[block] == index[block] {
                    while let member = stack.popLast() {
                        onStack[member] = false
                        component[member] = components
                        if member == block { break }
                    }
                    components += 1
                }
            }
        }
    }
}
