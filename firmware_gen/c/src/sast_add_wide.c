/* SPDX-License-Identifier: 0BSD */
/*
 * sast_add_wide.c: packed weights of any width into membranes of 32 bits, one by one.
 */
#include "sast_arithmetic.h"
#include "sast_internal.h"

/* Four weights of 8 bits. */
static inline void add_bytes(uint32_t *membranes, uint32_t word, uint32_t shift)
{
    membranes[0] += (uint32_t)((int32_t)(word << 24) >> 24) << shift;
    membranes[1] += (uint32_t)((int32_t)(word << 16) >> 24) << shift;
    membranes[2] += (uint32_t)((int32_t)(word << 8) >> 24) << shift;
    membranes[3] += (uint32_t)((int32_t)word >> 24) << shift;
}

void sast_add_wide(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs)
{
    const uint32_t bits = block->bits;
    const uint32_t shift = block->shift;

    for (; runs > 0u; --runs) {
        uint32_t left = block->length;
        uint32_t at = 0; /* bit of the word */

        if (bits == 8u) {
            for (; left >= 4u; left -= 4u) {
                add_bytes(membranes, *weights++, shift);
                membranes += 4;
            }
        }
        while (left > 0u) {
            *membranes += sast_weight_at_top(*weights << (32u - bits - at), bits, shift);
            ++membranes;
            --left;
            at += bits;
            if (at == 32u || left == 0u) {
                ++weights;
                at = 0;
            }
        }
        membranes += block->membrane_gap;
        weights += block->weight_gap;
    }
}
