import Bandwidth
// SPDX-License-Identifier: GPL-2.0-only
import Commands

PairProgram.main(Bandwidth.pair)
