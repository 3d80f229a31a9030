// SPDX-License-Identifier: GPL-2.0-only

/// Waiting tasks in many queues, each in the order of its keys, ties by arrival: what ordered DSQs
/// are in the kernel.
///
/// A forest of leftist heaps over slots 0..<capacity: one heap a queue, one node a slot, so a task
/// stands in one queue at most, and queues that are empty cost 4 bytes. Insertion and removal from
/// anywhere cost O(log n) of the queue's tasks, the first is at hand; nothing is allocated after
/// `init`. Keys are compared by signed difference, so those that wait at one time must lie within
/// 2^63 of one another.
public struct RunQueues: ~Copyable {
    @usableFromInline
    struct Node {
        var key: UInt64 = 0
        var arrival: UInt64 = 0
        var left: Int32 = none
        var right: Int32 = none
        /// The node above; for a root, -2 - its queue; `absent` where the slot does not wait.
        @usableFromInline var parent: Int32 = absent
        /// Nodes on the way to the nearest missing child: to the right there are never more.
        var rank: Int32 = 1
    }

    private static var none: Int32 { -1 }
    @usableFromInline static var absent: Int32 { .min }

    @usableFromInline let nodes: UnsafeMutablePointer<Node>
    private let roots: UnsafeMutablePointer<Int32>
    private let queues: Int
    private let capacity: Int
    private var arrivals: UInt64 = 0
    /// Tasks that wait in all queues.
    public private(set) var count = 0
    #if DEBUG
    /// Comparisons of two tasks so far; for tests.
    package private(set) var comparisons = 0
    #endif

    /// - Parameters:
    ///   - capacity: slots, 1...2^30.
    ///   - queues: 1...2^21.
    public init(capacity: Int, queues: Int) {
        precondition((1...1 << 30).contains(capacity) && (1...1 << 21).contains(queues))
        self.capacity = capacity
        self.queues = queues
        nodes = .allocate(capacity: capacity)
        nodes.initialize(repeating: Node(), count: capacity)
        roots = .allocate(capacity: queues)
        roots.initialize(repeating: Self.none, count: queues)
    }

    deinit {
        nodes.deallocate()
        roots.deallocate()
    }

    /// Whether the task in `slot` waits.
    @inlinable @inline(__always)
    public func contains(_ slot: UInt32) -> Bool { nodes[Int(slot)].parent != Self.absent }

    /// The first task of a queue; nil if nobody waits there.
    @inline(__always)
    public func first(_ queue: Int) -> UInt32? {
        let root = roots[queue]
        return root < 0 ? nil : UInt32(bitPattern: root)
    }

    /// The key of a task that waits.
    @inline(__always)
    public func key(_ slot: UInt32) -> UInt64 { nodes[Int(slot)].key }

    /// Whether the one task goes before the other, in whichever queues they wait.
    @inline(__always)
    public func goesBefore(_ a: UInt32, _ b: UInt32) -> Bool {
        Self.isFirst(nodes[Int(a)], nodes[Int(b)])
    }

    /// Puts the task in `slot`, which must not wait yet, behind those of equal key.
    public mutating func insert(_ slot: UInt32, _ queue: Int, key: UInt64) {
        arrivals &+= 1
        put(slot, queue, key, arrivals)
    }

    /// Puts a task back that was taken out a moment ago, with the key and the arrival it had then.
    public mutating func putBack(_ slot: UInt32, _ queue: Int) {
        put(slot, queue, nodes[Int(slot)].key, nodes[Int(slot)].arrival)
    }

    private mutating func put(_ slot: UInt32, _ queue: Int, _ key: UInt64, _ arrival: UInt64) {
        precondition(!contains(slot) && queue < queues)
        count += 1
        let node = Int32(bitPattern: slot)
        nodes[Int(node)] = Node(key: key, arrival: arrival)
        setRoot(queue, merge(roots[queue], node))
    }

    /// Takes out the task in `slot`, if it waits.
    public mutating func remove(_ slot: UInt32) {
        guard contains(slot) else { return }
        count -= 1
        let node = nodes[Int(slot)]
        nodes[Int(slot)].parent = Self.absent
        let rest = merge(node.left, node.right)
        if node.parent < Self.none {
            setRoot(Int(-2 - node.parent), rest)
            return
        }
        let above = Int(node.parent)
        if nodes[above].left == Int32(bitPattern: slot) {
            nodes[above].left = rest
        } else {
            nodes[above].right = rest
        }
        if rest >= 0 { nodes[Int(rest)].parent = node.parent }
        straighten(from: node.parent, untilUnchanged: true)
    }

    @inline(__always)
    private func setRoot(_ queue: Int, _ root: Int32) {
        roots[queue] = root
        if root >= 0 { nodes[Int(root)].parent = -2 - Int32(truncatingIfNeeded: queue) }
    }

    @inline(__always)
    private func rank(_ node: Int32) -> Int32 { node < 0 ? 0 : nodes[Int(node)].rank }

    /// Makes one heap of two, whose roots' parents are overwritten by the caller.
    private mutating func merge(_ a: Int32, _ b: Int32) -> Int32 {
        if a < 0 { return b }
        if b < 0 { return a }
        var place = a
        var other = b
        if precedes(b, a) { swap(&place, &other) }
        let root = place
        nodes[Int(root)].parent = Self.none
        // Down along the right edges, which are short.
        while true {
            let right = nodes[Int(place)].right
            if right < 0 {
                hang(other, under: place)
                break
            }
            if precedes(other, right) {
                hang(other, under: place)
                place = other
                other = right
            } else {
                place = right
            }
        }
        straighten(from: place, untilUnchanged: false)
        return root
    }

    @inline(__always)
    private func hang(_ node: Int32, under place: Int32) {
        nodes[Int(place)].right = node
        nodes[Int(node)].parent = place
    }

    /// Upwards: the longer side to the left, ranks as they are now.
    private func straighten(from start: Int32, untilUnchanged: Bool) {
        var place = start
        while place >= 0 {
            let at = Int(place)
            if rank(nodes[at].left) < rank(nodes[at].right) {
                let left = nodes[at].left
                nodes[at].left = nodes[at].right
                nodes[at].right = left
            }
            let now = rank(nodes[at].right) + 1
            if untilUnchanged && now == nodes[at].rank { return }
            nodes[at].rank = now
            place = nodes[at].parent
        }
    }

    @inline(__always)
    private mutating func precedes(_ a: Int32, _ b: Int32) -> Bool {
        #if DEBUG
        comparisons += 1
        #endif
        return Self.isFirst(nodes[Int(a)], nodes[Int(b)])
    }

    @inline(__always)
    private static func isFirst(_ a: Node, _ b: Node) -> Bool {
        a.key == b.key ? a.arrival < b.arrival : isBefore(a.key, b.key)
    }

    /// Whether every task stands where the order says; for tests. O(n).
    func checkInvariants() -> Bool {
        var waiting = 0
        for slot in 0..<capacity where nodes[slot].parent != Self.absent {
            waiting += 1
            let node = nodes[slot]
            if rank(node.left) < rank(node.right) || node.rank != rank(node.right) + 1 { return false }
            for child in [node.left, node.right] where child >= 0 {
                if nodes[Int(child)].parent != Int32(slot) { return false }
                if Self.isFirst(nodes[Int(child)], node) { return false }
            }
            if node.parent < Self.none && roots[Int(-2 - node.parent)] != Int32(slot) { return false }
        }
        return waiting == count
    }
}
