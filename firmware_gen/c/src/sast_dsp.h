/* SPDX-License-Identifier: 0BSD */
/*
 * sast_dsp.h: whether the kernels use the instructions of Cortex-M4, M7, M33 and up, and what their assembly shares.
 *
 * These kernels are whole functions in assembly (naked: the compiler adds nothing), because a block transfer wants its
 * registers in order, and every one of them is in use. They give the same bits as the plain C beside them, from the
 * same tables; -DSAST_PORTABLE leaves them out.
 */
#ifndef SAST_DSP_H
#define SAST_DSP_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__GNUC__) && !defined(SAST_PORTABLE)
#define SAST_DSP 1
#else
#define SAST_DSP 0
#endif

/* The same of plain Thumb-2, which a Cortex-M3 has, too. */
#if defined(__thumb2__) && defined(__GNUC__) && !defined(SAST_PORTABLE)
#define SAST_THUMB2 1
/* The assembly takes its parameters from r0 to r3 without naming them. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define SAST_NAKED __attribute__((naked))
/* What assembly alone jumps to, which no compiler sees. */
#define SAST_USED __attribute__((used))
#else
#define SAST_THUMB2 0
#define SAST_USED
#endif

#if SAST_DSP
/* Number of the lowest bit that is set; one is. */
static inline uint32_t sast_lowest(uint32_t bits)
{
    return (uint32_t)__builtin_ctz(bits); /* rbit, clz */
}
#else
static inline uint32_t sast_lowest(uint32_t bits)
{
    uint32_t n = 0;

    while ((bits & 1u) == 0u) {
        bits >>= 1;
        ++n;
    }
    return n;
}
#endif

/* Start and end of an addition: r0 membranes, r1 weights, r2 quads left of the run, r12 runs left, lr the block. */
#define SAST_ASM_ADD_BEGIN            \
    ".syntax unified\n"               \
    "push {r4-r11, lr}\n"             \
    "mov r12, r3\n"                   \
    "mov lr, r2\n"                    \
    "1:\n"                      \
    "ldrh r2, [lr]\n"

#define SAST_ASM_ADD_END              \
    "ldrd r2, r3, [lr, #4]\n"         \
    "add r0, r0, r2, lsl #2\n"        \
    "add r1, r1, r3, lsl #2\n"        \
    "subs r12, #1\n"                  \
    "bne 1b\n"                   \
    "pop {r4-r11, pc}\n"

/* The quad in r8 into membranes of two registers: bytes 0 and 2 are added to the halves of the first, 1 and 3 of the other. */
#define SAST_ASM_QUAD(first, second)               \
    "sxtab16 " first ", " first ", r8\n"           \
    "sxtab16 " second ", " second ", r8, ror #8\n"

#endif /* SAST_DSP_H */
