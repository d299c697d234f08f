/* SPDX-License-Identifier: 0BSD */
/*
 * sast_add_1.c: weights of 1 bit into narrow membranes: -32 or +32. A word is 8 quads, the first in the top bits of its bytes.
 */
#include "sast_dsp.h"
#include "sast_internal.h"
#include "sast_quad.h"

#if SAST_DSP

SAST_NAKED void sast_add_1(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block,
                           uint32_t runs)
{
    __asm__ volatile(SAST_ASM_ADD_BEGIN
                     "mov r9, #0xE0E0E0E0\n"
                     "mov r10, #0x20202020\n"
                     "subs r2, #8\n"
                     "blo 3f\n"
                     "2:\n"
                     "ldr r3, [r1], #4\n"
                     "ldm r0, {r4-r7}\n"
                     "uadd8 r3, r3, r3\n" /* the carries are the signs */
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r4", "r5")
                     "uadd8 r3, r3, r3\n"
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r6", "r7")
                     "stm r0!, {r4-r7}\n"
                     "ldm r0, {r4-r7}\n"
                     "uadd8 r3, r3, r3\n"
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r4", "r5")
                     "uadd8 r3, r3, r3\n"
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r6", "r7")
                     "stm r0!, {r4-r7}\n"
                     "ldm r0, {r4-r7}\n"
                     "uadd8 r3, r3, r3\n"
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r4", "r5")
                     "uadd8 r3, r3, r3\n"
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r6", "r7")
                     "stm r0!, {r4-r7}\n"
                     "ldm r0, {r4-r7}\n"
                     "uadd8 r3, r3, r3\n"
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r4", "r5")
                     "uadd8 r3, r3, r3\n"
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r6", "r7")
                     "stm r0!, {r4-r7}\n"
                     "subs r2, #8\n"
                     "bhs 2b\n"
                     "3:\n"
                     "adds r2, #8\n" /* 0 to 7 */
                     "beq 6f\n"
                     "ldr r3, [r1], #4\n"
                     "5:\n"
                     "ldrd r4, r5, [r0]\n"
                     "uadd8 r3, r3, r3\n"
                     "sel r8, r10, r9\n"
                     SAST_ASM_QUAD("r4", "r5")
                     "strd r4, r5, [r0], #8\n"
                     "subs r2, #1\n"
                     "bne 5b\n"
                     "6:\n" SAST_ASM_ADD_END);
}

#else

/* The top bits of the bytes: +32 where one is set, else -32. */
static inline void add_signs(uint32_t *membranes, uint32_t bits)
{
    membranes[0] += ((bits >> 1) & 0x00400040u) - 0x00200020u;
    membranes[1] += ((bits >> 9) & 0x00400040u) - 0x00200020u;
}

void sast_add_1(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs)
{
    for (; runs > 0u; --runs) {
        uint32_t quads = block->length;

        while (quads > 0u) {
            uint32_t bits = *weights++;
            uint32_t some = quads < 8u ? quads : 8u;

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

#endif
