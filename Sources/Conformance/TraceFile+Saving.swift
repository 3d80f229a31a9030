// SPDX-License-Identifier: GPL-2.0-only
import Output

extension TraceFile {
    /// Writes the file as a whole or not at all. A regular file that is there is replaced; anything else,
    /// such as a link, is left alone.
    public func save(to path: String) throws(TraceFileError) {
        do throws(WholeFile.Problem) {
            try WholeFile.write(encoded(), over: path)
        } catch {
            throw .system(error.description)
        }
    }

    /// The same, and never over anything: where the name is taken, a number goes before its extension.
    /// - Returns: the path of the file.
    public func saveNew(at path: String) throws(TraceFileError) -> String {
        do throws(WholeFile.Problem) {
            return try WholeFile.write(encoded(), asNew: path)
        } catch {
            throw .system(error.description)
        }
    }
}
