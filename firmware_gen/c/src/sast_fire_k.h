/*
 * sast_fire_k.h: the inner loop of narrow sweeps, with one leak shift, SAST_LEAK, known to the compiler, and no `rest`.
 *
 * mask - (u - low >> k) is added instead of subtracting the leak: bic shifts and masks at once, and the mask itself is
 * the offset of what is stored. Included by sast_fire_k1.c to sast_fire_k15.c, which define SAST_LEAK and SAST_FIRE.
 */
#include "sast_fire.h"
#include "sast_fire_asm.h"

#if SAST_DSP

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

SAST_NAKED uint32_t SAST_FIRE(sast_run_t *run, const sast_neuron_t *neuron)
{
    __asm__ volatile(SAST_ASM_FIRE_BEGIN SAST_ASM_FIRE_ENTER
                     "1:\n"
                     "ldm r1, {r3-r6}\n"
                     "ldm r2!, {r7-r10}\n"
                     SAST_ASM_ABOVE_LOW("r11", "r3", "r7", "r8")
                     SAST_ASM_ABOVE_LOW("r11", "r4", "r9", "r10")
                     "bic r7, r11, r3, lsr #" TEXT(SAST_LEAK) "\n"
                     "add r3, r3, r7\n"
                     "bic r8, r11, r4, lsr #" TEXT(SAST_LEAK) "\n"
                     "add r4, r4, r8\n"
                     "ldm r2!, {r7-r10}\n"
                     SAST_ASM_ABOVE_LOW("r11", "r5", "r7", "r8")
                     SAST_ASM_ABOVE_LOW("r11", "r6", "r9", "r10")
                     "bic r7, r11, r5, lsr #" TEXT(SAST_LEAK) "\n"
                     "add r5, r5, r7\n"
                     "bic r8, r11, r6, lsr #" TEXT(SAST_LEAK) "\n"
                     "add r6, r6, r8\n"
                     SAST_ASM_FIRE_END);
}

#else

uint32_t SAST_FIRE(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, SAST_LEAK, 1, false);
}

#endif
