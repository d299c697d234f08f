/* SPDX-License-Identifier: 0BSD */
/*
 * sast_fire_2.c: the inner loop of narrow sweeps, with two leak terms. The caller deals with every block that is not quiet.
 */
#include "sast_fire.h"
#include "sast_fire_asm.h"

#if SAST_DSP

#define LEAK(y)                     \
    "ldr r7, [r2], #4\n"            \
    "lsr r12, " y ", lr\n"          \
    "lsr r8, " y ", r10\n"          \
    "bic r12, r11, r12\n"           \
    "bic r8, r9, r8\n"              \
    "add " y ", " y ", r12\n"       \
    "sadd16 r7, r7, r8\n"           \
    "sadd16 " y ", " y ", r7\n"

SAST_NAKED uint32_t sast_fire_2(sast_run_t *run, const sast_neuron_t *neuron)
{
    __asm__ volatile(SAST_ASM_FIRE_BEGIN("ldr r12, [r1, #8]\n", /* the quiet bits */
                                         "ldr r9, [r1, #4]\n"   /* the second mask */
                                         "ldr r10, [r1, #16]\n") /* and shift */
                     SAST_ASM_FIRE_LOOK("r0")
                     LEAK("r3") LEAK("r4") LEAK("r5") LEAK("r6")
                     SAST_ASM_FIRE_NEXT
                     "3:\n"
                     "add r2, r2, #16\n"
                     SAST_ASM_FIRE_UNDONE);
}

#else

uint32_t sast_fire_2(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, neuron->cell_blocks_left & 0xFFu, 2, true);
}

#endif
