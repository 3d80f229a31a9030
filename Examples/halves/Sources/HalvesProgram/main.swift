// SPDX-License-Identifier: GPL-2.0-only
import Commands
import Halves

PairProgram.main(Halves.pair)
