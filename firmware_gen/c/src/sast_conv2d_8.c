/* SPDX-License-Identifier: 0BSD */
/*
 * sast_conv2d_8.c: one input spike of a convolution whose rows of weights of 8 bits adjoin, into narrow membranes: what
 * sast_conv2d_joined.c and sast_add_8.c do, in one, for runs of up to 64 quads.
 *
 * A run jumps into a chain of copies of the code for four quads, so that nothing is counted inside; where it starts is found
 * once for all output rows. What is left over of four quads comes before the chain.
 *
 * Such jumps into the middle of a function are what branch target identification (Armv8.1-M) is there to stop, and a landing
 * pad at each place would cost as much as counting: where the compiler is told to use it, the plain C stands here.
 */
#include "sast_dsp.h"
#include "sast_internal.h"

#if SAST_DSP && !defined(__ARM_FEATURE_BTI_DEFAULT)

/* The offsets that stand in the assembly. */
#define ROWS_AT "32" /* of rows, in sast_layer_t; columns, counters and input_words follow */
typedef char sast_requires_layer_layout[offsetof(sast_layer_t, columns) == offsetof(sast_layer_t, rows) + 4
                                                && offsetof(sast_layer_t, counters) == offsetof(sast_layer_t, rows) + 8
                                                && offsetof(sast_layer_t, input_words) == offsetof(sast_layer_t, rows) + 12
                                                && offsetof(sast_layer_t, rows) == 32
                                            ? 1
                                            : -1];
typedef char sast_requires_conv_tables[sizeof(sast_rows_t) == 16 && sizeof(sast_columns_t) == 16
                                               && offsetof(sast_context_t, memory) == 4
                                               && offsetof(sast_counters_t, synops) == 16
                                               && offsetof(sast_block_t, entry) == 16
                                           ? 1
                                           : -1];

#define CHAIN "16"
#define LINK_BYTES "44" /* SAST_LINK_BYTES, SAST_REST_BYTES */
#define REST_BYTES "40"
typedef char sast_requires_entry_bytes[SAST_LINK_BYTES == 44u && SAST_REST_BYTES == 40u ? 1 : -1];

SAST_NAKED void sast_conv2d_8(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r11, lr}\n"
                     "ldr r12, [r0, #4]\n" /* memory */
                     "adds r1, #" ROWS_AT "\n"
                     "ldm r1, {r4-r7}\n" /* rows, columns, counters, words of an input channel */
                     "uxth r8, r2\n"
                     "lsrs r2, r2, #16\n"
                     "add r4, r4, r2, lsl #4\n"
                     "add r5, r5, r8, lsl #4\n"
                     "ldm r4, {r0, r1, r4}\n"        /* row: membranes, weights, count */
                     "ldm r5, {r8, r9, r10, r11}\n"  /* column: membranes, weights, -, block */
                     "cbz r4, 1f\n"
                     "mla r9, r3, r7, r9\n"
                     "add r0, r0, r8\n"
                     "add r0, r0, r12\n"
                     "add r1, r1, r9, lsl #2\n"
                     "add r6, r6, r12\n"
                     "ldm r11, {r8-r12}\n" /* -, gaps of membranes and weights, SynOps of a row, entry */
                     "ldr r2, [r6, #16]\n"
                     "mla r2, r11, r4, r2\n"
                     "str r2, [r6, #16]\n"
                     ".global sast_conv2d_8_runs\n" /* also from sast_push_conv2d_8.c; tells 0, SAST_OK */
                     "sast_conv2d_8_runs:\n"
                     "adr r6, 2f\n"
                     "sxtah r5, r6, r12\n"        /* where a row starts */
                     "add r6, r6, r12, asr #16\n" /* where it goes on */
                     "push {r4-r6, r9, r10}\n"
                     "bx r5\n"
                     "1:\n"
                     "movs r0, #0\n"
                     "pop {r4-r11, pc}\n"
                     ".balign 4\n"
                     ".rept " CHAIN "\n"
                     "4:\n"
                     "ldm.w r1!, {r2-r4, lr}\n"
                     "ldm.w r0, {r5-r12}\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "sxtab16 r7, r7, r3\n"
                     "sxtab16 r8, r8, r3, ror #8\n"
                     "sxtab16 r9, r9, r4\n"
                     "sxtab16 r10, r10, r4, ror #8\n"
                     "sxtab16 r11, r11, lr\n"
                     "sxtab16 r12, r12, lr, ror #8\n"
                     "stm.w r0!, {r5-r12}\n"
                     ".org 4b + " LINK_BYTES "\n" /* an error where a link were longer */
                     ".endr\n"
                     "2:\n" /* a row is done */
                     "ldm sp, {r2-r6}\n"
                     "subs r2, #1\n"
                     "beq 3f\n"
                     "str r2, [sp]\n"
                     "add r0, r0, r5, lsl #2\n"
                     "add r1, r1, r6, lsl #2\n"
                     "bx r3\n"
                     "3:\n"
                     "add sp, #20\n"
                     "movs r0, #0\n"
                     "pop {r4-r11, pc}\n"
                     ".org 2b + " REST_BYTES "\n"
                     "ldr r2, [r1], #4\n"
                     "ldrd r5, r6, [r0]\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "strd r5, r6, [r0], #8\n"
                     "ldr pc, [sp, #8]\n"
                     ".org 2b + 2 * " REST_BYTES "\n"
                     "ldrd r2, r3, [r1], #8\n"
                     "ldm.w r0, {r5-r8}\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "sxtab16 r7, r7, r3\n"
                     "sxtab16 r8, r8, r3, ror #8\n"
                     "stm.w r0!, {r5-r8}\n"
                     "ldr pc, [sp, #8]\n"
                     ".org 2b + 3 * " REST_BYTES "\n"
                     "ldm.w r1!, {r2-r4}\n"
                     "ldm.w r0, {r5-r10}\n"
                     "sxtab16 r5, r5, r2\n"
                     "sxtab16 r6, r6, r2, ror #8\n"
                     "sxtab16 r7, r7, r3\n"
                     "sxtab16 r8, r8, r3, ror #8\n"
                     "sxtab16 r9, r9, r4\n"
                     "sxtab16 r10, r10, r4, ror #8\n"
                     "stm.w r0!, {r5-r10}\n"
                     "ldr pc, [sp, #8]\n");
}

#else

void sast_conv2d_8(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_rows_t *rows = &layer->rows[sast_row(place)];
    const sast_columns_t *columns = &layer->columns[sast_column(place)];

    if (rows->count == 0u || columns->count == 0u) {
        return;
    }
    sast_counters_of(context, layer)->synops += rows->count * columns->block->synops;
    sast_add_8(sast_words(context, rows->membranes + columns->membranes),
               rows->weights + (channel * layer->input_words + columns->weights), columns->block, rows->count);
}

#endif
