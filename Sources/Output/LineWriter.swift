// SPDX-License-Identifier: GPL-2.0-only
import Glibc

/// Writes lines to standard output and standard error on threads of its own, so that whoever hands them
/// in never waits for their reader.
///
/// A line that cannot be written for now stands in a queue; when that is full, its oldest line is
/// dropped. Lines dropped and lines that failed are counted, and the count is written where they are
/// missing as soon as output works again.
public final class LineWriter: Sendable {
    /// What became of the lines of one stream.
    public struct Account: Sendable, Equatable {
        /// Lines that were written.
        public var written = 0
        /// Lines that nobody will see: dropped, failed, or still in the queue when `flush` gave up.
        public var lost = 0
        /// The first error's number; 0 if there was none.
        public var errno: Int32 = 0

        /// Why writing failed; nil if it did not.
        public var failure: String? { errno == 0 ? nil : String(cString: strerror(errno)) }
    }

    /// A thread could not be started.
    public struct Failure: Error, CustomStringConvertible {
        public let errno: Int32
        public var description: String { "pthread_create: \(String(cString: strerror(errno)))" }
    }

    /// What each queue holds at most.
    static let linesMax = 2048
    static let bytesMax = 1 << 20
    /// How long a line of one stream waits for an earlier one of the other.
    private static let orderMs = 100

    private struct Line {
        let number: Int
        let text: String
    }

    private struct Lane {
        var queue: [Line] = []
        var bytes = 0
        /// The line that is being written.
        var writing: Int?
        /// Lines that are missing, and were not told of yet.
        var untold = 0
        /// The last write ended within a line.
        var isMidLine = false
        /// Others do not wait for it until it gets on.
        var isStuck = false
        var account = Account()

        /// The oldest line that is not written.
        var oldest: Int? { writing ?? queue.first?.number }
    }

    private struct State {
        var lanes = [Lane(), Lane()]
        var lines = 0
        var isOver = false
    }

    private let state = Monitor(State())
    private let descriptors: [Int32]
    /// Those that stand in for standard output and standard error.
    private let replaced: [Bool]
    private let notice: @Sendable (Int) -> String

    /// - Parameters:
    ///   - output: in place of standard output, for tests; `error` likewise.
    ///   - notice: the line that stands for so many missing lines of standard output.
    public init(
        output: Int32? = nil, error: Int32? = nil,
        notice: @escaping @Sendable (Int) -> String = {
            "(\($0) lines are missing here: they could not be written)"
        }
    ) throws(Failure) {
        descriptors = [output ?? STDOUT_FILENO, error ?? STDERR_FILENO]
        replaced = [output != nil, error != nil]
        self.notice = notice
        for stream in Console.Stream.allCases { try start(stream) }
    }

    deinit {
        state.change { $0.isOver = true }
    }

    /// A line for standard output. Returns at once.
    public func say(_ line: String) { add(line, to: .output) }

    /// A message for standard error. Returns at once.
    public func warn(_ message: String) { add(message, to: .error) }

    /// Waits until the lines of a stream are written, but not for a reader that does not read: at most
    /// half a second in which nothing gets on.
    public func flush(_ stream: Console.Stream) -> Account {
        let descriptor = descriptors[stream.rawValue]
        var left = 10
        var before = state.change { $0.lanes[stream.rawValue].account.written }
        while left > 0 {
            let account = state.wait(ms: 500) { state -> Account? in
                let lane = state.lanes[stream.rawValue]
                return lane.oldest == nil ? lane.account : nil
            }
            if let account { return account }
            let done = state.change { $0.lanes[stream.rawValue].account.written }
            // Where it could write, its thread has only not had a CPU yet.
            if done == before && !Self.isWritable(descriptor) { break }
            before = done
            left -= 1
        }
        return state.change { state in
            let lane = state.lanes[stream.rawValue]
            var account = lane.account
            account.lost += lane.queue.count + (lane.writing == nil ? 0 : 1)
            return account
        }
    }

    /// Whether a write would not have to wait; one that fails does not wait either.
    private static func isWritable(_ descriptor: Int32) -> Bool {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&ready, 1, 0) > 0
    }

    private func add(_ text: String, to stream: Console.Stream) {
        let text = Printable.lines(text) + "\n"
        state.change { state in
            state.lines += 1
            let number = state.lines
            Self.put(Line(number: number, text: text), on: &state.lanes[stream.rawValue])
        }
    }

    private static func put(_ line: Line, on lane: inout Lane) {
        lane.queue.append(line)
        lane.bytes += line.text.utf8.count
        var surplus = 0
        while lane.queue.count - surplus > linesMax
            || (lane.bytes > bytesMax && lane.queue.count - surplus > 1)
        {
            lane.bytes -= lane.queue[surplus].text.utf8.count
            surplus += 1
        }
        lane.queue.removeFirst(surplus)
        lane.untold += surplus
        lane.account.lost += surplus
    }

    private func start(_ stream: Console.Stream) throws(Failure) {
        let job = WriterJob(
            state: state, lane: stream.rawValue, descriptors: descriptors,
            isReplaced: replaced[stream.rawValue], notice: notice)
        let error = job.launch()
        if error != 0 { throw Failure(errno: error) }
    }

    /// What a thread does. It holds the queues, not the writer, whose end is the thread's end.
    private final class WriterJob: Sendable {
        let state: Monitor<State>
        let lane: Int
        let descriptors: [Int32]
        let isReplaced: Bool
        let notice: @Sendable (Int) -> String

        init(
            state: Monitor<State>, lane: Int, descriptors: [Int32], isReplaced: Bool,
            notice: @escaping @Sendable (Int) -> String
        ) {
            self.state = state
            self.lane = lane
            self.descriptors = descriptors
            self.isReplaced = isReplaced
            self.notice = notice
        }

        /// Starts the thread, to which no signal goes. Returns 0 or the error's number.
        func launch() -> Int32 {
            var all = sigset_t()
            var before = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_SETMASK, &all, &before)
            defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            defer { pthread_attr_destroy(&attributes) }
            pthread_attr_setstacksize(&attributes, 256 << 10)
            pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
            let context = Unmanaged.passRetained(self)
            var handle = pthread_t()
            let error = pthread_create(
                &handle, &attributes,
                { context in
                    guard let context else { return nil }
                    Unmanaged<WriterJob>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                }, context.toOpaque())
            if error != 0 { context.release() }
            return error
        }

        private func run() {
            while let (text, missing) = take() {
                let stream = Console.Stream(rawValue: lane) ?? .error
                var text = missing > 0 ? Printable.lines(notice(missing)) + "\n" + text : text
                let (written, error) = text.withUTF8 { bytes in
                    let bytes = UnsafeRawBufferPointer(bytes)
                    return isReplaced
                        ? Console.put(bytes, to: descriptors[lane]) : Console.put(bytes, on: stream)
                }
                state.change { state in
                    Self.book(&state.lanes[lane], missing, isPart: written > 0, error)
                }
            }
        }

        private static func book(_ lane: inout Lane, _ missing: Int, isPart: Bool, _ error: Int32) {
            lane.writing = nil
            lane.isStuck = false
            guard error != 0 else {
                lane.account.written += 1
                lane.isMidLine = false
                return
            }
            lane.isMidLine = lane.isMidLine || isPart
            lane.untold += missing + 1
            lane.account.lost += 1
            if lane.account.errno == 0 { lane.account.errno = error }
        }

        /// Waits until the other stream has nothing older to write: in the order in which they came. False
        /// if it does not get on, since nobody reads it.
        private func isTurn(_ number: Int, after other: Int) -> Bool {
            for _ in 0..<50 {
                let isNext: Bool? = state.wait(ms: LineWriter.orderMs) { state in
                    let oldest = state.lanes[other].oldest ?? Int.max
                    return oldest > number || state.lanes[other].isStuck || state.isOver ? true : nil
                }
                if isNext != nil { return true }
                // Where it could write, its thread has only not had a CPU yet.
                if !LineWriter.isWritable(descriptors[other]) { return false }
            }
            return false
        }

        /// The next line and how many are missing before it; nil at the end.
        private func take() -> (text: String, missing: Int)? {
            let other = 1 - lane
            let next: (Int)?? = state.wait { state in
                if let line = state.lanes[self.lane].queue.first { return .some(line.number) }
                return state.isOver ? .some(nil) : nil
            }
            guard case .some(.some(let number)) = next else { return nil }
            let isNext = isTurn(number, after: other)
            return state.change { state in
                if !isNext { state.lanes[other].isStuck = true }
                guard let line = state.lanes[self.lane].queue.first else { return ("", 0) }
                state.lanes[self.lane].queue.removeFirst()
                state.lanes[self.lane].bytes -= line.text.utf8.count
                state.lanes[self.lane].writing = line.number
                let missing = state.lanes[self.lane].untold
                state.lanes[self.lane].untold = 0
                return ((state.lanes[self.lane].isMidLine ? "\n" : "") + line.text, missing)
            }
        }
    }
}
