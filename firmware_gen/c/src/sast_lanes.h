/* SPDX-License-Identifier: 0BSD */
/*
 * sast_lanes.h: the two signed lanes of a narrow membrane word.
 *
 * The kernels in assembly keep the halves apart: each is a lane modulo 65536. In plain C both are added to at once, as one
 * integer: the word is high * 65536 + low, and a negative low lane borrows from the high half. Both are the same where no low
 * lane is negative, as in tables and after a sweep of quiet neurons.
 */
#ifndef SAST_LANES_H
#define SAST_LANES_H

#include "sast_dsp.h"
#include "sast_internal.h"

/* Lane `lane` (0: low, 1: high) of a word whose halves are apart, as in tables. */
static inline int32_t sast_half_lane(uint32_t word, uint32_t lane)
{
    return (int32_t)(word << (16u - 16u * lane)) >> 16;
}

/* The same of membranes. */
static inline int32_t sast_lane(uint32_t word, uint32_t lane)
{
#if SAST_DSP
    return sast_half_lane(word, lane);
#else
    return sast_half_lane(lane == 0u ? word : word + ((word & 0x8000u) << 1), lane);
#endif
}

/* A table's word as membranes hold it. */
static inline uint32_t sast_from_table(uint32_t word)
{
#if SAST_DSP
    return word;
#else
    return word - ((word & 0x8000u) << 1);
#endif
}

/* The word of two lanes. */
static inline uint32_t sast_join(int32_t low, int32_t high)
{
    return sast_from_table(((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16);
}

#endif /* SAST_LANES_H */
