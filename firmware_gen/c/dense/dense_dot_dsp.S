/* SPDX-License-Identifier: 0BSD */
/*
 * dense_dot_dsp.S: two output channels, two windows, four taps a round: 2 LDRD, 2 LDR, 4 SXTB16 and 8 SMLAD for 16
 * multiplications. Weights lie in the order 0, 2, 1, 3, so that SXTB16 gives taps (0, 1), and rotated by 8 (2, 3).
 *
 * void dense_dot(const int8_t *weights, const uint32_t *first, const uint32_t *second, uint32_t quads, int32_t sums[4])
 */
#if defined(__ARM_FEATURE_DSP) && !defined(DENSE_PORTABLE)
    .syntax unified
    .thumb
    .section .text.dense_dot, "ax", %progbits
    .balign 4
    .global dense_dot
    .type dense_dot, %function
    .thumb_func

    .macro quad
    ldrd    r8, r9, [r1], #8
    ldrd    r10, r11, [r2], #8
    ldr     r12, [r0], #4
    sxtb16  lr, r12
    sxtb16  r12, r12, ror #8
    smlad   r4, lr, r8, r4
    smlad   r5, lr, r10, r5
    smlad   r4, r12, r9, r4
    smlad   r5, r12, r11, r5
    ldr     r12, [r0], #4
    sxtb16  lr, r12
    sxtb16  r12, r12, ror #8
    smlad   r6, lr, r8, r6
    smlad   r7, lr, r10, r7
    smlad   r6, r12, r9, r6
    smlad   r7, r12, r11, r7
    .endm

dense_dot:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    ldm     r12, {r4-r7}
    tst     r3, #1
    add     r3, r1, r3, lsl #3      /* where the first window ends */
    beq     2f
    quad
    cmp     r1, r3
    beq     3f
2:  quad
    quad
    cmp     r1, r3
    bne     2b
3:  ldr     r12, [sp, #36]
    stm     r12, {r4-r7}
    pop     {r4-r11, pc}
    .size dense_dot, . - dense_dot
#endif
