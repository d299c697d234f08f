/* SPDX-License-Identifier: 0BSD */
/*
 * sast_fire_k.h: the inner loop of narrow sweeps, with one leak shift, SAST_LEAK, known to the compiler.
 *
 * mask - (y >> k) is added instead of subtracting the leak: bic shifts and masks at once, and the constant takes the mask off
 * again. The mask is the quiet bits themselves: above those that y >> k can have, its bits do not matter. umaal adds both
 * to the membranes, as 1 * r12 + constant + membranes. Included by sast_fire_k1.c to sast_fire_k10.c, which define
 * SAST_LEAK and SAST_FIRE.
 */
#include "sast_fire.h"
#include "sast_fire_asm.h"

#if SAST_DSP

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

#define LEAK(y, constant)                          \
    "bic r12, r11, " y ", lsr #" TEXT(SAST_LEAK) "\n" \
    "umaal " y ", " constant ", r12, r0\n"

#define STORED(y, constant)                        \
    "bic r0, r11, " y ", lsr #" TEXT(SAST_LEAK) "\n"  \
    "add " constant ", " constant ", " y "\n"      \
    "add " constant ", " constant ", r0\n"

SAST_NAKED uint32_t SAST_FIRE(sast_run_t *run, const sast_neuron_t *neuron)
{
    __asm__ volatile(SAST_ASM_FIRE_BEGIN("movs r12, #1\n", "")
                     "ldm r2!, {r7-r10}\n"
                     SAST_ASM_FIRE_LOOK("r11")
                     LEAK("r3", "r7") LEAK("r4", "r8") LEAK("r5", "r9") LEAK("r6", "r10")
                     SAST_ASM_FIRE_NEXT
                     SAST_ASM_FIRE_SPIKES(STORED("r3", "r7") STORED("r4", "r8") STORED("r5", "r9") STORED("r6", "r10"),
                                          "", "")
                     SAST_ASM_FIRE_UNDONE);
}

#else

uint32_t SAST_FIRE(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, SAST_LEAK, 1, false);
}

#endif
