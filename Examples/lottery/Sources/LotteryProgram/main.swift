// SPDX-License-Identifier: GPL-2.0-only
import Commands
import Lottery

PairProgram.main(Lottery.pair)
