/* SPDX-License-Identifier: 0BSD */
/*
 * sast_fire_asm.h: what the assembly of the sweeps' inner loops shares.
 *
 * Registers: r1 membranes, r2 table, r3 to r6 a block of membranes, r7 to r10 its constants, r11 mask, r12 scratch, lr the
 * first leak shift in the low byte (all that a shift by a register looks at) and above it the blocks left in the cell; r0 is
 * the kernel's. Stack, from its top: table of a new cell, cells left, `blocks_left` of a new cell, to_thresholds, next_hit, full, r0
 * and r11 of the loop, lr while a block is dealt with, run.
 */
#ifndef SAST_FIRE_ASM_H
#define SAST_FIRE_ASM_H

#include "sast_dsp.h"
#include "sast_internal.h"

#if SAST_DSP
/* The offsets that stand in the assembly. */
typedef char sast_requires_run_layout[offsetof(sast_run_t, blocks_left) == 8 && offsetof(sast_run_t, cells) == 12
                                              && offsetof(sast_run_t, next_hit) == 16 && offsetof(sast_run_t, full) == 20
                                              && offsetof(sast_run_t, undone) == 24
                                          ? 1
                                          : -1];
typedef char sast_requires_hit_layout[offsetof(sast_hit_t, membranes) == 4 && offsetof(sast_hit_t, table) == 8
                                              && offsetof(sast_hit_t, cells) == 12
                                          ? 1 : -1];
typedef char sast_requires_neuron_layout[offsetof(sast_neuron_t, quiet) == 8 && offsetof(sast_neuron_t, cell_blocks_left) == 12
                                                 && offsetof(sast_neuron_t, second_shift) == 16
                                                 && offsetof(sast_neuron_t, to_thresholds) == 20
                                                 && offsetof(sast_neuron_t, table) == 24
                                             ? 1
                                             : -1];
#endif

/* first: puts into r12 what r0 is in the loop; more: loads what else the kernel needs, r1 being the neuron. */
#define SAST_ASM_FIRE_BEGIN(first, more) \
    ".syntax unified\n"               \
    "push {r0, r4-r11, lr}\n"         \
    "ldr r11, [r1]\n"                 \
    first                             \
    "ldr r3, [r1, #24]\n"             \
    "ldr r4, [r0, #12]\n"             \
    "ldr r5, [r1, #12]\n"             \
    "subs r5, #256\n"                 \
    "ldr r6, [r1, #20]\n"             \
    "ldrd r7, r8, [r0, #16]\n"        \
    "mov r9, r12\n"                   \
    "mov r10, r11\n"                  \
    "push {r3-r11}\n"                 \
    more                              \
    "ldr lr, [r0, #8]\n"              \
    "ldrd r1, r2, [r0]\n"             \
    "mov r0, r12\n"                   \
    "b 2f\n"                          \
    "1:\n"                            \
    "ldm r1, {r3-r6}\n"

/* Sets r12 to the bits of the block beyond the quiet ones, and goes to 3 where there are any. */
#define SAST_ASM_FIRE_LOOK(quiet)     \
    "orr r12, r3, r4\n"               \
    "orr r12, r12, r5\n"              \
    "orr r12, r12, r6\n"              \
    "bics r12, r12, " quiet "\n"      \
    "bne 3f\n"

/* The rest of the function, from a block of quiet neurons on that has been dealt with. */
#define SAST_ASM_FIRE_NEXT            \
    "stm r1!, {r3-r6}\n"              \
    "2:\n"                            \
    "subs lr, #256\n"                 \
    "bhs 1b\n"                        \
    "ldm sp, {r2, r3, lr}\n"          \
    "subs r3, #1\n"                   \
    "str r3, [sp, #4]\n"              \
    "bhs 1b\n"                        \
    "ldr r12, [sp, #36]\n"            \
    "ldr r3, [sp, #16]\n"             \
    "str r3, [r12, #16]\n"            \
    "movs r0, #0\n"                   \
    "add sp, #40\n"                   \
    "pop {r4-r11, pc}\n"

/* A block that is left to the caller: at 4. Notes r0, r1, r2 and the cells left as a hit: at 5. */
#define SAST_ASM_FIRE_UNDONE          \
    "4:\n"                            \
    "ldr r12, [sp, #36]\n"            \
    "str r12, [r12, #24]\n"           \
    "mov r0, #0x100\n"                \
    "add r1, r1, #16\n"               \
    "5:\n"                            \
    "ldrd r4, r5, [sp, #16]\n"        \
    "ldr r3, [sp, #4]\n"              \
    "stm r4!, {r0-r3}\n"              \
    "str r4, [sp, #16]\n"             \
    "cmp r4, r5\n"                    \
    "ldr r0, [sp, #24]\n"             \
    "bne 2b\n"                        \
    "ldr r12, [sp, #36]\n"            \
    "str r1, [r12]\n"                 \
    "str r2, [r12, #4]\n"             \
    "str lr, [r12, #8]\n"             \
    "str r3, [r12, #12]\n"            \
    "str r4, [r12, #16]\n"            \
    "movs r0, #1\n"                   \
    "add sp, #40\n"                   \
    "pop {r4-r11, pc}\n"

/* One word of a block with lanes beyond the quiet ones: y: the word, next: what is stored if it does not spike; at: its place
   in the tables; bit: both halves, flag of its low lane. */
#define SAST_ASM_FIRE_WORD(y, next, at, bit) \
    "bics r0, " y ", r11\n"           \
    "beq 6f\n"                        \
    "ldr r0, [r2, #" at "]\n"         \
    "ssub16 " y ", " y ", r0\n"       \
    "ldr r0, [r12, #" at "]\n"        \
    "sel " next ", r0, " next "\n"    \
    "mov r0, #" bit "\n"              \
    "movs " y ", #0\n"                \
    "sel r0, r0, " y "\n"             \
    "orr lr, lr, r0\n"                \
    "6:\n"

/* A block with a bit set in r12 beyond the quiet ones: at 3. Where a lane is negative, or the reset is not to 0, the caller
   deals with it. stored: puts into r7 to r10 what is stored of r3 to r6 if no neuron spikes, with r0 as scratch. quiet: puts
   the quiet bits into r11. */
#define SAST_ASM_FIRE_SPIKES(stored, quiet, again) \
    "3:\n"                            \
    "tst r12, #0x80008000\n"          \
    "bne 4f\n"                        \
    "ldr r12, [sp, #12]\n"            \
    "cmp r12, #0\n"                   \
    "beq 4f\n"                        \
    "str lr, [sp, #32]\n"             \
    stored                            \
    quiet                             \
    "add r2, r2, r12\n"               \
    "add r12, r2, r12\n"              \
    "movs lr, #0\n"                   \
    SAST_ASM_FIRE_WORD("r3", "r7", "-16", "0x10001")   \
    SAST_ASM_FIRE_WORD("r4", "r8", "-12", "0x40004")   \
    SAST_ASM_FIRE_WORD("r5", "r9", "-8", "0x100010")   \
    SAST_ASM_FIRE_WORD("r6", "r10", "-4", "0x400040")  \
    "stm r1!, {r7-r10}\n"             \
    "orr r0, lr, lr, lsr #15\n"       \
    "ldr r3, [sp, #12]\n"             \
    "sub r2, r2, r3\n"                \
    again                             \
    "ldr lr, [sp, #32]\n"             \
    "ands r0, r0, #255\n"             \
    "bne 5f\n"                        \
    "ldr r0, [sp, #24]\n"             \
    "b 2b\n"

#endif /* SAST_FIRE_ASM_H */
