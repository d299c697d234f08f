/*
 * sast_add_4.c: weights of 4 bits into narrow membranes: a word is 2 quads, the first in the top bits of every byte.
 */
#include "sast_internal.h"
#include "sast_quad.h"

#define TOP_BITS 0xF0F0F0F0u

void sast_add_4(uint32_t *membranes, const uint32_t *weights, const sast_block_t *block, const sast_layer_t *layer)
{
    uint32_t row;

    (void)layer;
    for (row = 0; row < block->rows; ++row) {
        uint32_t quads = block->length;
        uint32_t word;

        for (; quads >= 2u; quads -= 2u) {
            word = *weights++;
            sast_add_quad(membranes, word & TOP_BITS);
            sast_add_quad(membranes + 2, word << 4 & TOP_BITS);
            membranes += 4;
        }
        if (quads > 0u) {
            for (word = *weights++; quads > 0u; --quads) {
                sast_add_quad(membranes, word & TOP_BITS);
                word <<= 4;
                membranes += 2;
            }
        }
        membranes += block->membrane_gap;
        weights += block->weight_gap;
    }
}
