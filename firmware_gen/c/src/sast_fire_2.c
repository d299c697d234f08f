/*
 * sast_fire_2.c: the inner loop of narrow sweeps, with two leak terms and `rest`.
 */
#include "sast_fire.h"
#include "sast_fire_asm.h"

#if SAST_DSP

SAST_NAKED uint32_t sast_fire_2(sast_run_t *run, const sast_neuron_t *neuron)
{
    __asm__ volatile(SAST_ASM_FIRE_BEGIN
                     "ldr r9, [r1, #4]\n"  /* the second mask */
                     "ldr r10, [r1, #16]\n" /* and shift */
                     SAST_ASM_FIRE_ENTER
                     "1:\n"
                     "ldm r1, {r3-r6}\n"
                     "ldrd r7, r8, [r2], #8\n"
                     SAST_ASM_ABOVE_LOW("r12", "r3", "r7", "r8")
                     "lsr r7, r3, lr\n"
                     "lsr r8, r3, r10\n"
                     "and r7, r7, r11\n"
                     "and r8, r8, r9\n"
                     "sub r3, r3, r7\n"
                     "sub r3, r3, r8\n"
                     "add r3, r3, r12\n"
                     "ldrd r7, r8, [r2], #8\n"
                     SAST_ASM_ABOVE_LOW("r12", "r4", "r7", "r8")
                     "lsr r7, r4, lr\n"
                     "lsr r8, r4, r10\n"
                     "and r7, r7, r11\n"
                     "and r8, r8, r9\n"
                     "sub r4, r4, r7\n"
                     "sub r4, r4, r8\n"
                     "add r4, r4, r12\n"
                     "ldrd r7, r8, [r2], #8\n"
                     SAST_ASM_ABOVE_LOW("r12", "r5", "r7", "r8")
                     "lsr r7, r5, lr\n"
                     "lsr r8, r5, r10\n"
                     "and r7, r7, r11\n"
                     "and r8, r8, r9\n"
                     "sub r5, r5, r7\n"
                     "sub r5, r5, r8\n"
                     "add r5, r5, r12\n"
                     "ldrd r7, r8, [r2], #8\n"
                     SAST_ASM_ABOVE_LOW("r12", "r6", "r7", "r8")
                     "lsr r7, r6, lr\n"
                     "lsr r8, r6, r10\n"
                     "and r7, r7, r11\n"
                     "and r8, r8, r9\n"
                     "sub r6, r6, r7\n"
                     "sub r6, r6, r8\n"
                     "add r6, r6, r12\n"
                     SAST_ASM_FIRE_END);
}

#else

uint32_t sast_fire_2(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, neuron->cell_left & 0xFFu, 2, true);
}

#endif
