/* SPDX-License-Identifier: 0BSD */
/*
 * sast_add_2.c: weights of 2 bits into narrow membranes: a word is 4 quads, the first in the top bits of every byte.
 */
#include "sast_dsp.h"
#include "sast_internal.h"
#include "sast_quad.h"

#if SAST_DSP

SAST_NAKED void sast_add_2(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block,
                           uint32_t runs)
{
    __asm__ volatile(SAST_ASM_ADD_BEGIN
                     "mov r9, #0xC0C0C0C0\n"
                     "subs r2, #4\n"
                     "blo 3f\n"
                     "2:\n"
                     "ldr r3, [r1], #4\n"
                     "ldm r0, {r4-r7}\n"
                     "and r8, r9, r3\n"
                     SAST_ASM_QUAD("r4", "r5")
                     "and r8, r9, r3, lsl #2\n"
                     SAST_ASM_QUAD("r6", "r7")
                     "stm r0!, {r4-r7}\n"
                     "ldm r0, {r4-r7}\n"
                     "and r8, r9, r3, lsl #4\n"
                     SAST_ASM_QUAD("r4", "r5")
                     "and r8, r9, r3, lsl #6\n"
                     SAST_ASM_QUAD("r6", "r7")
                     "stm r0!, {r4-r7}\n"
                     "subs r2, #4\n"
                     "bhs 2b\n"
                     "3:\n"
                     "adds r2, #4\n" /* 0 to 3 */
                     "beq 6f\n"
                     "ldr r3, [r1], #4\n"
                     "5:\n"
                     "ldrd r4, r5, [r0]\n"
                     "and r8, r9, r3\n"
                     SAST_ASM_QUAD("r4", "r5")
                     "strd r4, r5, [r0], #8\n"
                     "lsls r3, #2\n"
                     "subs r2, #1\n"
                     "bne 5b\n"
                     "6:\n" SAST_ASM_ADD_END);
}

#else

#define TOP_BITS 0xC0C0C0C0u

void sast_add_2(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs)
{
    for (; runs > 0u; --runs) {
        uint32_t quads = block->length;
        uint32_t word;

        for (; quads >= 4u; quads -= 4u) {
            word = *weights++;
            sast_add_quad(membranes, word & TOP_BITS);
            sast_add_quad(membranes + 2, word << 2 & TOP_BITS);
            sast_add_quad(membranes + 4, word << 4 & TOP_BITS);
            sast_add_quad(membranes + 6, word << 6 & TOP_BITS);
            membranes += 8;
        }
        if (quads > 0u) {
            for (word = *weights++; quads > 0u; --quads) {
                sast_add_quad(membranes, word & TOP_BITS);
                word <<= 2;
                membranes += 2;
            }
        }
        membranes += block->membrane_gap;
        weights += block->weight_gap;
    }
}

#endif
