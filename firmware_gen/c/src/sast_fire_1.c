/*
 * sast_fire_1.c: the inner loop of narrow sweeps, with one leak term and no `rest`: mask - (u - low >> k) is added instead
 * of subtracting the leak, which is one instruction less and leaves the mask itself as the offset of what is stored.
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
                     SAST_ASM_ABOVE_LOW("r11", "r3", "r7", "r8")
                     SAST_ASM_ABOVE_LOW("r11", "r4", "r9", "r10")
                     "lsr r7, r3, lr\n"
                     "bic r7, r11, r7\n"
                     "add r3, r3, r7\n"
                     "lsr r8, r4, lr\n"
                     "bic r8, r11, r8\n"
                     "add r4, r4, r8\n"
                     "ldm r2!, {r7-r10}\n"
                     SAST_ASM_ABOVE_LOW("r11", "r5", "r7", "r8")
                     SAST_ASM_ABOVE_LOW("r11", "r6", "r9", "r10")
                     "lsr r7, r5, lr\n"
                     "bic r7, r11, r7\n"
                     "add r5, r5, r7\n"
                     "lsr r8, r6, lr\n"
                     "bic r8, r11, r8\n"
                     "add r6, r6, r8\n"
                     SAST_ASM_FIRE_END);
}

#else

uint32_t sast_fire_1(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, 1, false);
}

#endif
