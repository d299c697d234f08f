/* SPDX-License-Identifier: 0BSD */
/*
 * sast_fire_1.c: the inner loop of narrow sweeps, with up to one leak term of any shift (without one, the mask is 0).
 */
#include "sast_fire.h"
#include "sast_fire_asm.h"

#if SAST_DSP

/* The halves are added apart: what is stored may be negative. */
#define LEAK(y, constant)              \
    "lsr r12, " y ", lr\n"             \
    "bic r12, r11, r12\n"              \
    "add " y ", " y ", r12\n"          \
    "sadd16 " y ", " y ", " constant "\n"

#define STORED(y, constant)            \
    "lsr r0, " y ", lr\n"              \
    "bic r0, r11, r0\n"                \
    "add r0, r0, " y "\n"              \
    "sadd16 " constant ", " constant ", r0\n"

SAST_NAKED uint32_t sast_fire_1(sast_run_t *run, const sast_neuron_t *neuron)
{
    __asm__ volatile(SAST_ASM_FIRE_BEGIN("ldr r12, [r1, #8]\n", "") /* the quiet bits */
                     "ldm r2!, {r7-r10}\n"
                     SAST_ASM_FIRE_LOOK("r0")
                     LEAK("r3", "r7") LEAK("r4", "r8") LEAK("r5", "r9") LEAK("r6", "r10")
                     SAST_ASM_FIRE_NEXT
                     SAST_ASM_FIRE_SPIKES(STORED("r3", "r7") STORED("r4", "r8") STORED("r5", "r9") STORED("r6", "r10"),
                                          "ldr r11, [sp, #24]\n", "ldr r11, [sp, #28]\n")
                     SAST_ASM_FIRE_UNDONE);
}

#else

uint32_t sast_fire_1(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, neuron->cell_blocks_left & 0xFFu, 1, true);
}

#endif
