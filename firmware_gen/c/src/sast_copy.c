/* SPDX-License-Identifier: 0BSD */
/*
 * sast_copy.c: words, as cells of membranes.
 */
#include "sast_dsp.h"
#include "sast_internal.h"

#if SAST_DSP

SAST_NAKED void sast_copy(uint32_t *to, const uint32_t *from, uint32_t words)
{
    __asm__ volatile(".syntax unified\n"
                     "push {r4, r5, lr}\n"
                     "subs r2, #4\n"
                     "blo 2f\n"
                     "1:\n"
                     "ldm r1!, {r3-r5, r12}\n"
                     "stm r0!, {r3-r5, r12}\n"
                     "subs r2, #4\n"
                     "bhs 1b\n"
                     "2:\n"
                     "adds r2, #4\n"
                     "beq 4f\n"
                     "3:\n"
                     "ldr r3, [r1], #4\n"
                     "str r3, [r0], #4\n"
                     "subs r2, #1\n"
                     "bne 3b\n"
                     "4:\n"
                     "pop {r4, r5, pc}\n");
}

#else

void sast_copy(uint32_t *to, const uint32_t *from, uint32_t words)
{
    for (; words >= 4u; words -= 4u) {
        const uint32_t a = from[0];
        const uint32_t b = from[1];
        const uint32_t c = from[2];
        const uint32_t d = from[3];

        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
        to += 4;
        from += 4;
    }
    for (; words > 0u; --words) {
        *to = *from;
        ++to;
        ++from;
    }
}

#endif
