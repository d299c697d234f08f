/*
 * sast_add_1.c: weights of 1 bit into narrow membranes: -32 or +32. A word is 8 quads, the first in the top bits of its bytes.
 */
#include "sast_internal.h"
#include "sast_quad.h"

/* Bits 6 of the bytes: 64 for a weight of +32, 0 for one of -32. */
static inline void add_signs(uint32_t *membranes, uint32_t bits)
{
    membranes[0] += (bits & 0x00400040u) - 0x00200020u;
    membranes[1] += ((bits >> 8) & 0x00400040u) - 0x00200020u;
}

void sast_add_1(uint32_t *membranes, const uint32_t *weights, const sast_block_t *block, const sast_layer_t *layer)
{
    uint32_t row;

    (void)layer;
    for (row = 0; row < block->rows; ++row) {
        uint32_t quads = block->length;

        while (quads > 0u) {
            const uint32_t word = *weights++;
            uint32_t some = quads < 8u ? quads : 8u;
            uint32_t bits = word >> 1; /* what bit 0 of a byte loses to the next one's bit 7 is never looked at again */

            quads -= some;
            for (; some >= 2u; some -= 2u) {
                add_signs(membranes, bits);
                add_signs(membranes + 2, bits << 1);
                bits <<= 2;
                membranes += 4;
            }
            if (some > 0u) {
                add_signs(membranes, bits);
                membranes += 2;
            }
        }
        membranes += block->membrane_gap;
        weights += block->weight_gap;
    }
}
