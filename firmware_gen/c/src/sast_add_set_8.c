/* SPDX-License-Identifier: 0BSD */
/*
 * sast_add_set_8.c: rows of unshifted weights of 8 bits into membranes of 32 bits: of 32 rows, those whose bit is set.
 *
 * Up to eight membranes stay in registers while all rows are added to them. Eight are loaded also where fewer are left: a
 * model's memory type reaches as far (edge_sast/footprint.py).
 */
#include "sast_dsp.h"
#include "sast_internal.h"

#if SAST_DSP

SAST_NAKED void sast_add_set_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, uint32_t bits, uint32_t length)
{
    __asm__ volatile(".syntax unified\n"
                     "push {r1-r11, lr}\n" /* [sp]: word of the first row, [sp, #4] bits, [sp, #8] membranes left */
                     "adds r3, #3\n"
                     "bic r3, r3, #3\n" /* bytes of a row */
                     "1:\n"
                     "ldrd r1, r2, [sp]\n"
                     "movs r12, #31\n"
                     "mla r1, r12, r3, r1\n" /* from the last row on */
                     "ldr r12, [sp, #8]\n"
                     "ldm r0, {r4-r11}\n" /* more than there are may be read, not written */
                     "cmp r12, #4\n"
                     "bls 3f\n"
                     "2:\n" /* two words of a row */
                     "clz r12, r2\n"
                     "lsl r2, r2, r12\n"
                     "mls r1, r12, r3, r1\n"
                     "ldrd r12, lr, [r1]\n"
                     "sxtab r4, r4, r12\n"
                     "sxtab r5, r5, r12, ror #8\n"
                     "sxtab r6, r6, r12, ror #16\n"
                     "sxtab r7, r7, r12, ror #24\n"
                     "sxtab r8, r8, lr\n"
                     "sxtab r9, r9, lr, ror #8\n"
                     "sxtab r10, r10, lr, ror #16\n"
                     "sxtab r11, r11, lr, ror #24\n"
                     "sub r1, r1, r3\n"
                     "lsls r2, #1\n"
                     "bne 2b\n"
                     "ldr r12, [sp, #8]\n"
                     "cmp r12, #8\n"
                     "blo 4f\n"
                     "stm r0!, {r4-r11}\n"
                     "ldr r1, [sp]\n"
                     "adds r1, #8\n"
                     "str r1, [sp]\n"
                     "subs r12, #8\n"
                     "str r12, [sp, #8]\n"
                     "bne 1b\n"
                     "add sp, #12\n"
                     "pop {r4-r11, pc}\n"
                     "3:\n" /* one word */
                     "clz r12, r2\n"
                     "lsl r2, r2, r12\n"
                     "mls r1, r12, r3, r1\n"
                     "ldr lr, [r1]\n"
                     "sxtab r4, r4, lr\n"
                     "sxtab r5, r5, lr, ror #8\n"
                     "sxtab r6, r6, lr, ror #16\n"
                     "sxtab r7, r7, lr, ror #24\n"
                     "sub r1, r1, r3\n"
                     "lsls r2, #1\n"
                     "bne 3b\n"
                     "ldr r12, [sp, #8]\n"
                     "4:\n" /* 1 to 7 membranes */
                     "lsrs r12, #1\n"
                     "it cs\n"
                     "strcs r4, [r0], #4\n"
                     "itt cs\n"
                     "movcs r4, r5\n"
                     "movcs r5, r6\n"
                     "itttt cs\n"
                     "movcs r6, r7\n"
                     "movcs r7, r8\n"
                     "movcs r8, r9\n"
                     "movcs r9, r10\n"
                     "lsrs r12, #1\n"
                     "ittt cs\n"
                     "stmcs r0!, {r4, r5}\n"
                     "movcs r4, r6\n"
                     "movcs r5, r7\n"
                     "itt cs\n"
                     "movcs r6, r8\n"
                     "movcs r7, r9\n"
                     "lsrs r12, #1\n"
                     "it cs\n"
                     "stmcs r0, {r4-r7}\n"
                     "add sp, #12\n"
                     "pop {r4-r11, pc}\n");
}

#elif defined(SAST_IN_FLASH)

/* sast_add_wide_8 would look in flash for what it is told of a row. */
void sast_add_set_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, uint32_t bits, uint32_t length)
{
    for (; bits != 0u; bits &= bits - 1u) {
        const SAST_TABLE uint32_t *row = weights + sast_lowest(bits) * ((length + 3u) >> 2);
        uint32_t word = 0;
        uint32_t i;

        for (i = 0; i < length; ++i) {
            if ((i & 3u) == 0u) {
                word = row[i >> 2];
            }
            membranes[i] += (uint32_t)((int32_t)(word << 24) >> 24);
            word >>= 8;
        }
    }
}

#else

void sast_add_set_8(uint32_t *membranes, const uint32_t *weights, uint32_t bits, uint32_t length)
{
    const sast_block_t row = {(uint16_t)length, 8, 0, 0, 0, 0, 0};

    for (; bits != 0u; bits &= bits - 1u) {
        sast_add_wide_8(membranes, weights + sast_lowest(bits) * ((length + 3u) >> 2), &row, 1);
    }
}

#endif
