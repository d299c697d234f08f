/*
 * sast_fire_1.c: the inner loop of narrow sweeps, with up to one leak term (without one, the mask is 0) and `rest`.
 */
#include "sast_fire.h"
#include "sast_fire_asm.h"

#if SAST_DSP

SAST_NAKED uint32_t sast_fire_1(sast_run_t *run, const sast_neuron_t *neuron)
{
    __asm__ volatile(SAST_ASM_FIRE_BEGIN SAST_ASM_FIRE_ENTER
                     "1:\n"
                     "ldm r1, {r3-r6}\n"
                     "ldm r2!, {r7-r10}\n"
                     SAST_ASM_ABOVE_LOW("r12", "r3", "r7", "r8")
                     SAST_ASM_ABOVE_LOW("r12", "r4", "r9", "r10")
                     "lsr r7, r3, lr\n"
                     "and r7, r7, r11\n"
                     "sub r3, r3, r7\n"
                     "add r3, r3, r12\n"
                     "lsr r8, r4, lr\n"
                     "and r8, r8, r11\n"
                     "sub r4, r4, r8\n"
                     "add r4, r4, r12\n"
                     "ldm r2!, {r7-r10}\n"
                     SAST_ASM_ABOVE_LOW("r12", "r5", "r7", "r8")
                     SAST_ASM_ABOVE_LOW("r12", "r6", "r9", "r10")
                     "lsr r7, r5, lr\n"
                     "and r7, r7, r11\n"
                     "sub r5, r5, r7\n"
                     "add r5, r5, r12\n"
                     "lsr r8, r6, lr\n"
                     "and r8, r8, r11\n"
                     "sub r6, r6, r8\n"
                     "add r6, r6, r12\n"
                     SAST_ASM_FIRE_END);
}

#else

uint32_t sast_fire_1(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, neuron->cell_left & 0xFFu, 1, true);
}

#endif
