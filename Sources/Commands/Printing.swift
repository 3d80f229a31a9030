// SPDX-License-Identifier: GPL-2.0-only
import Output

/// Writes a line to standard output. In place of Swift's own: that keeps what it is given, so that lines
/// of the two streams mix, and does not notice that they cannot be written.
package func print(_ text: String, terminator: String = "\n") {
    Console.write(text + terminator)
}
