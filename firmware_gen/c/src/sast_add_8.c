/*
 * sast_add_8.c: weights of 8 bits into narrow membranes: a word is a quad.
 */
#include "sast_internal.h"
#include "sast_quad.h"

void sast_add_8(uint32_t *membranes, const uint32_t *weights, const sast_block_t *block, const sast_layer_t *layer)
{
    uint32_t row;

    (void)layer;
    for (row = 0; row < block->rows; ++row) {
        uint32_t quads = block->length;

        for (; quads >= 4u; quads -= 4u) {
            sast_add_quad(membranes, weights[0]);
            sast_add_quad(membranes + 2, weights[1]);
            sast_add_quad(membranes + 4, weights[2]);
            sast_add_quad(membranes + 6, weights[3]);
            membranes += 8;
            weights += 4;
        }
        for (; quads > 0u; --quads) {
            sast_add_quad(membranes, *weights++);
            membranes += 2;
        }
        membranes += block->membrane_gap;
        weights += block->weight_gap;
    }
}
