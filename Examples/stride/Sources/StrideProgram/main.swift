// SPDX-License-Identifier: GPL-2.0-only
import Commands
import Stride

PairProgram.main(Stride.pair)
