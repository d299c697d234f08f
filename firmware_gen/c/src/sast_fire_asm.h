/*
 * sast_fire_asm.h: what the assembly of the sweeps' inner loops shares.
 *
 * Registers: r0 not 0 once a neuron of the block spiked, r1 membranes, r2 table, r3 to r6 a block of membranes, r7 to r10
 * constants and scratch, r11 mask, r12 rest, lr the first leak shift in the low byte (all that a shift by a register
 * looks at) and above it the blocks left in the cell. Stack: table of a new cell, cells left, `left` of a new cell, run.
 */
#ifndef SAST_FIRE_ASM_H
#define SAST_FIRE_ASM_H

#include "sast_dsp.h"
#include "sast_internal.h"

#if SAST_DSP
/* The offsets that stand in the assembly. */
typedef char sast_requires_run_layout[offsetof(sast_run_t, left) == 8 && offsetof(sast_run_t, cells) == 12
                                              && offsetof(sast_run_t, before) == 16 && offsetof(sast_run_t, zero) == 32
                                          ? 1
                                          : -1];
typedef char sast_requires_neuron_layout[offsetof(sast_neuron_t, rest) == 8 && offsetof(sast_neuron_t, cell_left) == 12
                                                 && offsetof(sast_neuron_t, second_shift) == 16
                                                 && offsetof(sast_neuron_t, table) == 24
                                             ? 1
                                             : -1];
#endif

#define SAST_ASM_FIRE_BEGIN                                          \
    ".syntax unified\n"                                              \
    "push {r0, r4-r11, lr}\n"                                        \
    "ldr r3, [r1, #24]\n"                                            \
    "ldr r4, [r0, #12]\n"                                            \
    "ldr r5, [r1, #12]\n"                                            \
    "subs r5, #256\n"                                                \
    "push {r3-r5}\n"                                                 \
    "ldr lr, [r0, #8]\n"                                             \
    "ldr r11, [r1]\n"                                                \
    "ldr r12, [r1, #8]\n"

/* r0 and r1 are the arguments up to here. */
#define SAST_ASM_FIRE_ENTER                                          \
    "ldrd r1, r2, [r0]\n"                                            \
    "movs r0, #0\n"                                                  \
    "b 2f\n"

/* x: a membrane word, a and c: its constants, any: a word with both halves not 0. Spikes carry out of x + a, which sel
   notes in r0; x becomes u - low. */
#define SAST_ASM_ABOVE_LOW(any, x, a, c)                             \
    "uadd16 " a ", " x ", " a "\n"                                   \
    "sel r0, " any ", r0\n"                                          \
    "uqsub16 " x ", " a ", " c "\n"

/* The rest of the function, from the end of a block on. */
#define SAST_ASM_FIRE_END                                             \
    "cbnz r0, 3f\n"                                                   \
    "stm r1!, {r3-r6}\n"                                              \
    "2:\n"                                                            \
    "subs lr, #256\n"                                                 \
    "bhs 1b\n"                                                        \
    "ldm sp, {r2, r3, lr}\n"                                          \
    "subs r3, #1\n"                                                   \
    "str r3, [sp, #4]\n"                                              \
    "bhs 1b\n"                                                        \
    "add sp, #16\n" /* no spike: r0 is 0 */                           \
    "pop {r4-r11, pc}\n"                                              \
    "3:\n"                                                            \
    "ldm r1, {r7-r10}\n"                                              \
    "ldr r11, [sp, #12]\n"                                            \
    "ldr r0, [sp, #4]\n"                                              \
    "str r2, [r11, #4]\n" /* table, left, cells */                    \
    "str lr, [r11, #8]\n"                                             \
    "str r0, [r11, #12]\n"                                            \
    "add r11, r11, #16\n"                                             \
    "stm r11, {r7-r10}\n" /* before */                                \
    "mov lr, #0\n"                                                    \
    "movw r0, #1\n" /* flags of a word's two neurons */               \
    "movt r0, #2\n"                                                   \
    "ldr r12, [r11, #16]\n" /* run->zero; r11 is run + 16 */                \
    "ldr r11, [r2, #-32]\n"                                           \
    "uadd16 r7, r7, r11\n"                                            \
    "sel r3, r12, r3\n"                                               \
    "sel r7, r0, lr\n"                                                \
    "lsls r0, #2\n"                                                   \
    "ldr r11, [r2, #-24]\n"                                           \
    "uadd16 r8, r8, r11\n"                                            \
    "sel r4, r12, r4\n"                                               \
    "sel r8, r0, lr\n"                                                \
    "lsls r0, #2\n"                                                   \
    "ldr r11, [r2, #-16]\n"                                           \
    "uadd16 r9, r9, r11\n"                                            \
    "sel r5, r12, r5\n"                                               \
    "sel r9, r0, lr\n"                                                \
    "lsls r0, #2\n"                                                   \
    "ldr r11, [r2, #-8]\n"                                            \
    "uadd16 r10, r10, r11\n"                                          \
    "sel r6, r12, r6\n"                                               \
    "sel r10, r0, lr\n"                                               \
    "stm r1!, {r3-r6}\n"                                              \
    "ldr r11, [sp, #12]\n"                                            \
    "str r1, [r11]\n"                                                 \
    "orr r7, r7, r8\n"                                                \
    "orr r9, r9, r10\n"                                               \
    "orr r7, r7, r9\n"                                                \
    "orr r0, r7, r7, lsr #16\n"                                       \
    "uxtb r0, r0\n"                                                   \
    "add sp, #16\n"                                                   \
    "pop {r4-r11, pc}\n"

#endif /* SAST_FIRE_ASM_H */
