// SPDX-License-Identifier: GPL-2.0-only

/// The policy as LLVM IR, made when this program was built, from the sources that it was built from; the build
/// plugin writes the members.
enum EmbeddedIR {}
