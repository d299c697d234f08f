/* SPDX-License-Identifier: 0BSD */
/*
 * sast_add_8.c: weights of 8 bits into narrow membranes: a word is a quad.
 */
#include "sast_dsp.h"
#include "sast_internal.h"
#include "sast_quad.h"

#if SAST_DSP

SAST_NAKED void sast_add_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block,
                           uint32_t runs)
{
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r11, lr}\n"
                     "ldrh r4, [r2]\n"
                     "ldrd r5, r6, [r2, #4]\n"
                     "push {r3-r6}\n" /* runs, quads of a run, gaps */
                     "1:\n"
                     "subs r4, #4\n"
                     "blo 3f\n"
                     "push {r4}\n"
                     "2:\n" /* four quads */
                     "ldm.w r1!, {r2-r4, lr}\n"
                     "ldm.w r0, {r5-r12}\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "sxtab16 r7, r7, r3\n"
                     "sxtab16 r8, r8, r3, ror #8\n"
                     "sxtab16 r9, r9, r4\n"
                     "sxtab16 r10, r10, r4, ror #8\n"
                     "sxtab16 r11, r11, lr\n"
                     "sxtab16 r12, r12, lr, ror #8\n"
                     "stm.w r0!, {r5-r12}\n"
                     "ldr r2, [sp]\n"
                     "subs r2, #4\n"
                     "str r2, [sp]\n"
                     "bhs 2b\n"
                     "pop {r4}\n"
                     "3:\n" /* quads left, less 4 */
                     "lsls r4, r4, #31\n" /* carry: two; negative: one */
                     "bcc 4f\n"
                     "ldrd r2, r3, [r1], #8\n"
                     "ldm.w r0, {r5-r8}\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "sxtab16 r7, r7, r3\n"
                     "sxtab16 r8, r8, r3, ror #8\n"
                     "stm.w r0!, {r5-r8}\n"
                     "4:\n"
                     "cmp r4, #0\n"
                     "beq 5f\n"
                     "ldr r2, [r1], #4\n"
                     "ldrd r5, r6, [r0]\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "strd r5, r6, [r0], #8\n"
                     "5:\n"
                     "ldm sp, {r3-r6}\n"
                     "add r0, r0, r5, lsl #2\n"
                     "add r1, r1, r6, lsl #2\n"
                     "subs r3, #1\n"
                     "str r3, [sp]\n"
                     "bne 1b\n"
                     "add sp, #16\n"
                     "pop {r4-r11, pc}\n");
}

#else

void sast_add_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs)
{
    for (; runs > 0u; --runs) {
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
