/* SPDX-License-Identifier: 0BSD */
/*
 * sast_push_conv2d_8.c: an event of an open step, where an input counts once in a step, coordinates are not shifted, and the
 * first layer is of sast_conv2d_8: what sast_push_once.c does, and the way to the first addition, in one.
 */
#include "sast_dsp.h"
#include "sast_internal.h"

#if SAST_DSP && !defined(__ARM_FEATURE_BTI_DEFAULT)

/* The offsets that stand in the assembly. */
#define LAYERS_AT "36"
#define SENSOR_AT "52" /* of its width; its height follows */
#define SEEN_AT "28"
#define ROWS_AT "32" /* of rows, in sast_layer_t; see sast_conv2d_8.c */
typedef char sast_requires_model_layout[offsetof(sast_model_t, layers) == 36 && offsetof(sast_model_t, sensor_width) == 52
                                                && offsetof(sast_model_t, sensor_height) == 56
                                            ? 1
                                            : -1];
typedef char sast_requires_context_layout[offsetof(sast_context_t, model) == 0 && offsetof(sast_context_t, memory) == 4
                                                  && offsetof(sast_context_t, seen) == 28
                                              ? 1
                                              : -1];
typedef char sast_requires_statuses[SAST_OK == 0 && SAST_ERR_RANGE == 4 ? 1 : -1];

SAST_NAKED sast_status_t sast_push_conv2d_8(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r11, lr}\n"
                     "ldrd r4, r12, [r0]\n" /* model, memory */
                     "ldr lr, [r0, #" SEEN_AT "]\n"
                     "ldrd r5, r6, [r4, #" SENSOR_AT "]\n"
                     "cmp r1, r5\n"
                     "itt lo\n"
                     "cmplo r2, r6\n"
                     "cmplo r3, #2\n"
                     "bhs 7f\n"
                     "mla r7, r2, r5, r1\n"
                     "add r7, r3, r7, lsl #1\n" /* number of the input */
                     "lsrs r8, r7, #5\n"
                     "ldr r9, [lr, r8, lsl #2]\n"
                     "ror r9, r9, r7\n" /* its bit lowest */
                     "lsls r10, r9, #31\n"
                     "bmi 1f\n"
                     "orr r9, r9, #1\n"
                     "rsb r7, r7, #0\n"
                     "ror r9, r9, r7\n"
                     "str r9, [lr, r8, lsl #2]\n"
                     "ldr r4, [r4, #" LAYERS_AT "]\n"
                     "adds r4, #" ROWS_AT "\n"
                     "ldm r4, {r4-r7}\n" /* rows, columns, counters, words of an input channel */
                     "add r4, r4, r2, lsl #4\n"
                     "add r5, r5, r1, lsl #4\n"
                     "ldm r4, {r0, r1, r4}\n"       /* row: membranes, weights, count */
                     "ldm r5, {r8, r9, r10, r11}\n" /* column: membranes, weights, -, block */
                     "cbz r4, 1f\n"
                     "mla r9, r3, r7, r9\n"
                     "add r0, r0, r8\n"
                     "add r0, r0, r12\n"
                     "add r1, r1, r9, lsl #2\n"
                     "add r6, r6, r12\n"
                     "ldm r11, {r8-r12}\n" /* length, gaps of membranes and weights, SynOps of a row, entry */
                     "ldr r2, [r6, #16]\n"
                     "mla r2, r11, r4, r2\n"
                     "str r2, [r6, #16]\n"
                     "cmp r8, #3\n"
                     "bhi 8f\n"
                     "bne 4f\n"
                     "2:\n" /* rows of three quads */
                     "ldm r1!, {r2, r3, r5}\n"
                     "ldm.w r0, {r6-r8, r11, r12, lr}\n"
                     "sxtab16 r6, r6, r2\n"
                     "sxtab16 r7, r7, r2, ror #8\n"
                     "sxtab16 r8, r8, r3\n"
                     "sxtab16 r11, r11, r3, ror #8\n"
                     "sxtab16 r12, r12, r5\n"
                     "sxtab16 lr, lr, r5, ror #8\n"
                     "stm.w r0!, {r6-r8, r11, r12, lr}\n"
                     "subs r4, #1\n"
                     "bne 3f\n"
                     "1:\n" /* also where it counts no more */
                     "movs r0, #0\n"
                     "pop {r4-r11, pc}\n"
                     "3:\n"
                     "add r0, r0, r9, lsl #2\n"
                     "add r1, r1, r10, lsl #2\n"
                     "b 2b\n"
                     "4:\n" /* of fewer */
                     "cmp r8, #1\n"
                     "beq 6f\n"
                     "blo 1b\n"
                     "5:\n" /* of two */
                     "ldrd r2, r3, [r1], #8\n"
                     "ldm.w r0, {r5-r8}\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "sxtab16 r7, r7, r3\n"
                     "sxtab16 r8, r8, r3, ror #8\n"
                     "stm.w r0!, {r5-r8}\n"
                     "subs r4, #1\n"
                     "beq 1b\n"
                     "add r0, r0, r9, lsl #2\n"
                     "add r1, r1, r10, lsl #2\n"
                     "b 5b\n"
                     "6:\n" /* of one */
                     "ldr r2, [r1], #4\n"
                     "ldrd r5, r6, [r0]\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "strd r5, r6, [r0], #8\n"
                     "subs r4, #1\n"
                     "beq 1b\n"
                     "add r0, r0, r9, lsl #2\n"
                     "add r1, r1, r10, lsl #2\n"
                     "b 6b\n"
                     "7:\n"
                     "movs r0, #4\n"
                     "pop {r4-r11, pc}\n"
                     "8:\n"
                     "b.w sast_conv2d_8_runs\n");
}

#else

sast_status_t sast_push_conv2d_8(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    const sast_model_t *model = context->model;
    uint32_t n;

    if (sast_is_outside(model, x, y, polarity)) {
        return SAST_ERR_RANGE;
    }
    n = ((uint32_t)y * model->width + x) * 2u + polarity;
    if (!sast_test_and_set((uint32_t *)context->seen, n)) {
        sast_conv2d_8(context, model->layers, sast_place(y, x), polarity);
    }
    return SAST_OK;
}

#endif
