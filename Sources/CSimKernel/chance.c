// SPDX-License-Identifier: GPL-2.0-only
/* Numbers by chance, the same ones from the same seed everywhere. */
#include "model.h"

u64 chance(u64 below)
{
	u64 z = sim.random += 0x9e3779b97f4a7c15ULL;

	if (below <= 1)
		return 0;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (u64)((unsigned __int128)(z ^ z >> 31) * below >> 64);
}

bool chance_ppm(u32 ppm)
{
	return ppm && chance(1000000) < ppm;
}

/*
 * Exponential with this mean, within 1/64 and without floating point, whose last bit
 * differs between compilers: -ln(u) from the bit length of u and 6 bits behind it.
 */
u64 chance_exponential(u64 mean)
{
	/* 1024 x log2(1 + i/64) */
	static const u32 log2_part[64] = {
		0,   23,  45,  68,  90,	 111, 132, 153, 174, 194, 214,	234,  254,
		273, 292, 311, 330, 348, 366, 384, 402, 419, 436, 453,	470,  487,
		503, 520, 536, 552, 567, 583, 599, 614, 629, 644, 659,	674,  688,
		703, 717, 731, 745, 759, 773, 787, 800, 814, 827, 840,	853,  866,
		879, 892, 904, 917, 929, 942, 954, 966, 978, 990, 1001, 1013,
	};
	u64 u = chance(1ULL << 40) + 1;
	u32 bits = 63 - (u32)__builtin_clzll(u);
	u64 part = bits >= 6 ? u >> (bits - 6) & 63 : u << (6 - bits) & 63;
	u64 log2_1024 = ((u64)bits << 10) + log2_part[part];
	u64 minus = (40ULL << 10) > log2_1024 ? (40ULL << 10) - log2_1024 : 0;

	/* x ln 2 / 1024 = x 710 / 2^20 */
	return (u64)((unsigned __int128)mean * minus * 710 >> 20);
}
