// SPDX-License-Identifier: GPL-2.0-only
import Commands
import Layers

PairProgram.main(Layers.pair)
