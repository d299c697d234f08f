/* SPDX-License-Identifier: 0BSD */
/*
 * sast_add_wide_8.c: weights of 8 bits, not shifted, into membranes of 32 bits: the read-out of most networks.
 */
#include "sast_arithmetic.h"
#include "sast_dsp.h"
#include "sast_internal.h"

#if SAST_DSP

SAST_NAKED void sast_add_wide_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block,
                                uint32_t runs)
{
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r11, lr}\n"
                     "1:\n"
                     "ldrh r12, [r2]\n"
                     "subs r12, #8\n"
                     "blo 3f\n"
                     "2:\n"
                     "ldr lr, [r1], #4\n"
                     "ldm r0, {r4-r11}\n"
                     "sxtab r4, r4, lr\n"
                     "sxtab r5, r5, lr, ror #8\n"
                     "sxtab r6, r6, lr, ror #16\n"
                     "sxtab r7, r7, lr, ror #24\n"
                     "ldr lr, [r1], #4\n"
                     "sxtab r8, r8, lr\n"
                     "sxtab r9, r9, lr, ror #8\n"
                     "sxtab r10, r10, lr, ror #16\n"
                     "sxtab r11, r11, lr, ror #24\n"
                     "stm r0!, {r4-r11}\n"
                     "subs r12, #8\n"
                     "bhs 2b\n"
                     "3:\n"
                     "adds r12, #4\n" /* what is left, less 4 */
                     "bcc 4f\n"
                     "ldr lr, [r1], #4\n"
                     "ldm r0, {r4-r7}\n"
                     "sxtab r4, r4, lr\n"
                     "sxtab r5, r5, lr, ror #8\n"
                     "sxtab r6, r6, lr, ror #16\n"
                     "sxtab r7, r7, lr, ror #24\n"
                     "stm r0!, {r4-r7}\n"
                     "subs r12, #4\n"
                     "4:\n"
                     "adds r12, #4\n" /* 0 to 3 */
                     "beq 6f\n"
                     "ldr lr, [r1], #4\n"
                     "5:\n"
                     "ldr r4, [r0]\n"
                     "sxtab r4, r4, lr\n"
                     "str r4, [r0], #4\n"
                     "lsr lr, lr, #8\n"
                     "subs r12, #1\n"
                     "bne 5b\n"
                     "6:\n"
                     "ldrd r4, r5, [r2, #4]\n"
                     "add r0, r0, r4, lsl #2\n"
                     "add r1, r1, r5, lsl #2\n"
                     "subs r3, #1\n"
                     "bne 1b\n"
                     "pop {r4-r11, pc}\n");
}

#else

/* Byte `n` of a word, its sign extended. */
static inline uint32_t weight_of(uint32_t word, uint32_t n)
{
    return (uint32_t)((int32_t)(word << (24u - 8u * n)) >> 24);
}

void sast_add_wide_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs)
{
    for (; runs > 0u; --runs) {
        uint32_t left = block->length;

        for (; left >= 4u; left -= 4u) {
            const uint32_t word = *weights++;

            membranes[0] += weight_of(word, 0);
            membranes[1] += weight_of(word, 1);
            membranes[2] += weight_of(word, 2);
            membranes[3] += weight_of(word, 3);
            membranes += 4;
        }
        if (left > 0u) {
            uint32_t word = *weights++;

            for (; left > 0u; --left) {
                *membranes += weight_of(word, 0);
                ++membranes;
                word >>= 8;
            }
        }
        membranes += block->membrane_gap;
        weights += block->weight_gap;
    }
}

#endif
