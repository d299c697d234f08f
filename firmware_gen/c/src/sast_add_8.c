/*
 * sast_add_8.c: weights of 8 bits into narrow membranes: a word is a quad.
 */
#include "sast_dsp.h"
#include "sast_internal.h"
#include "sast_quad.h"

#if SAST_DSP

/* Runs up to CHAIN times four quads jump into a chain of so many copies of the same code: nothing is counted inside. */
#define CHAIN "16"
#define LINK_BYTES "44"

SAST_NAKED void sast_add_8(uint32_t *membranes, const uint32_t *weights, const sast_block_t *block, uint32_t runs)
{
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r11, lr}\n"
                     "ldrh r4, [r2]\n"
                     "ldrd r5, r6, [r2, #4]\n"
                     "lsrs r7, r4, #2\n"
                     "cmp r7, #" CHAIN "\n"
                     "bhi 8f\n"
                     "and r4, r4, #3\n"
                     "adr r8, 2f\n"
                     "movs r2, #" LINK_BYTES "\n"
                     "mls r7, r7, r2, r8\n"
                     "orr r7, r7, #1\n"
                     "push {r3-r7}\n" /* runs, rest of a run, gaps, where to enter the chain */
                     "1:\n"
                     "ldr pc, [sp, #16]\n"
                     ".balign 4\n"
                     ".rept " CHAIN "\n"
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
                     ".endr\n"
                     "2:\n"
                     "ldr r2, [sp, #4]\n"
                     "tbb [pc, r2]\n"
                     "3:\n"
                     ".byte (7f - 3b) / 2, (6f - 3b) / 2, (5f - 3b) / 2, (4f - 3b) / 2\n"
                     "4:\n" /* three quads */
                     "ldm r1!, {r2-r4}\n"
                     "ldm r0, {r5-r10}\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "sxtab16 r7, r7, r3\n"
                     "sxtab16 r8, r8, r3, ror #8\n"
                     "sxtab16 r9, r9, r4\n"
                     "sxtab16 r10, r10, r4, ror #8\n"
                     "stm r0!, {r5-r10}\n"
                     "b 7f\n"
                     "5:\n" /* two */
                     "ldrd r2, r3, [r1], #8\n"
                     "ldm r0, {r5-r8}\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "sxtab16 r7, r7, r3\n"
                     "sxtab16 r8, r8, r3, ror #8\n"
                     "stm r0!, {r5-r8}\n"
                     "b 7f\n"
                     "6:\n" /* one */
                     "ldr r2, [r1], #4\n"
                     "ldrd r5, r6, [r0]\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "strd r5, r6, [r0], #8\n"
                     "7:\n"
                     "ldm sp, {r2-r5}\n"
                     "add r0, r0, r4, lsl #2\n"
                     "add r1, r1, r5, lsl #2\n"
                     "subs r2, #1\n"
                     "str r2, [sp]\n"
                     "bne 1b\n"
                     "add sp, #20\n"
                     "pop {r4-r11, pc}\n"
                     "8:\n" /* longer runs, two quads at a time: r4 quads, r5 and r6 gaps */
                     "subs r7, r4, #2\n"
                     "9:\n"
                     "ldrd r2, lr, [r1], #8\n"
                     "ldm r0, {r8-r11}\n"
                     "sxtab16 r8, r8, r2\n"
                     "sxtab16 r9, r9, r2, ror #8\n"
                     "sxtab16 r10, r10, lr\n"
                     "sxtab16 r11, r11, lr, ror #8\n"
                     "stm r0!, {r8-r11}\n"
                     "subs r7, #2\n"
                     "bpl 9b\n"
                     "adds r7, #2\n"
                     "beq 10f\n"
                     "ldr r2, [r1], #4\n"
                     "ldrd r8, r9, [r0]\n"
                     "sxtab16 r8, r8, r2\n"
                     "sxtab16 r9, r9, r2, ror #8\n"
                     "strd r8, r9, [r0], #8\n"
                     "10:\n"
                     "add r0, r0, r5, lsl #2\n"
                     "add r1, r1, r6, lsl #2\n"
                     "subs r3, #1\n"
                     "bne 8b\n"
                     "pop {r4-r11, pc}\n");
}

#else

void sast_add_8(uint32_t *membranes, const uint32_t *weights, const sast_block_t *block, uint32_t runs)
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
