// SPDX-License-Identifier: GPL-2.0-only
import Commands
import Llc

PairProgram.main(Llc.pair)
