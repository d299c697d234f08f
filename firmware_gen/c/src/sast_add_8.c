/*
 * sast_add_8.c: weights of 8 bits into narrow membranes: a word is a quad.
 */
#include "sast_dsp.h"
#include "sast_internal.h"
#include "sast_quad.h"

#if SAST_DSP

/* Three quads. */
#define TRIPLE                            \
    "ldm r1!, {r3-r5}\n"                  \
    "ldm r0, {r6-r11}\n"                  \
    "sxtab16 r6, r6, r3\n"                \
    "sxtab16 r7, r7, r3, ror #8\n"        \
    "sxtab16 r8, r8, r4\n"                \
    "sxtab16 r9, r9, r4, ror #8\n"        \
    "sxtab16 r10, r10, r5\n"              \
    "sxtab16 r11, r11, r5, ror #8\n"      \
    "stm r0!, {r6-r11}\n"

SAST_NAKED void sast_add_8(uint32_t *membranes, const uint32_t *weights, const sast_block_t *block,
                           const sast_layer_t *layer)
{
    __asm__ volatile(SAST_ASM_ADD_BEGIN
                     "subs r2, #6\n"
                     "blo 3f\n"
                     "2:\n" TRIPLE TRIPLE
                     "subs r2, #6\n"
                     "bhs 2b\n"
                     "3:\n"
                     "adds r2, #3\n" /* what is left, less 3 */
                     "bcc 4f\n" TRIPLE
                     "subs r2, #3\n"
                     "4:\n"
                     "adds r2, #3\n" /* 0, 1 or 2 */
                     "beq 6f\n"
                     "lsrs r2, #1\n"
                     "bcs 5f\n"
                     "ldrd r3, r4, [r1], #8\n"
                     "ldm r0, {r6-r9}\n"
                     "sxtab16 r6, r6, r3\n"
                     "sxtab16 r7, r7, r3, ror #8\n"
                     "sxtab16 r8, r8, r4\n"
                     "sxtab16 r9, r9, r4, ror #8\n"
                     "stm r0!, {r6-r9}\n"
                     "b 6f\n"
                     "5:\n"
                     "ldr r3, [r1], #4\n"
                     "ldrd r6, r7, [r0]\n"
                     "sxtab16 r6, r6, r3\n"
                     "sxtab16 r7, r7, r3, ror #8\n"
                     "strd r6, r7, [r0], #8\n"
                     "6:\n" SAST_ASM_ADD_END);
}

#else

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

#endif
