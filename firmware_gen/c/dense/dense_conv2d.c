/* SPDX-License-Identifier: 0BSD */
/*
 * dense_conv2d.c: convolution as CMSIS-NN does it: two windows at a time are copied into columns, then multiplied with
 * all output channels, two at a time, so that each weight and each activation that is loaded serves twice. Unlike
 * CMSIS-NN, the input is padded and widened once, and not in each window again.
 */
#include "dense_kernels.h"

#if DENSE_DSP
typedef uint32_t cell_t; /* two taps of 16 bits */
#define TAPS 2u          /* of a cell_t */

/* `count` (even) activations. */
static void widen(cell_t *to, const int8_t *from, uint32_t count)
{
    for (; count >= 4u; count -= 4u, from += 4, to += 2) {
        const uint32_t x = dense_load(from);
        const uint32_t even = dense_sxtb16(x), odd = dense_sxtb16_ror8(x);

        __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(to[0]) : "r"(even), "r"(odd));
        __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(to[1]) : "r"(odd), "r"(even));
    }
    if (count != 0u) {
        *to = (uint32_t)(uint16_t)from[0] | (uint32_t)(uint16_t)from[1] << 16;
    }
}

static cell_t *copy(cell_t *to, const cell_t *from, uint32_t cells)
{
    for (; cells >= 4u; cells -= 4u) {
        __asm__ volatile("ldm %0!, {r4, r5, r6, r8}\n\tstm %1!, {r4, r5, r6, r8}"
                         : "+r"(from), "+r"(to)
                         :
                         : "r4", "r5", "r6", "r8", "memory");
    }
    for (; cells != 0u; --cells) {
        *to++ = *from++;
    }
    return to;
}
#else
typedef int8_t cell_t;
#define TAPS 1u

static void widen(cell_t *to, const int8_t *from, uint32_t count)
{
    __builtin_memcpy(to, from, count);
}

static cell_t *copy(cell_t *to, const cell_t *from, uint32_t cells)
{
    __builtin_memcpy(to, from, cells);
    return to + cells;
}
#endif

/* Cells of a row of the padded input. */
static uint32_t row_cells(const dense_layer_t *layer)
{
    return ((uint32_t)layer->width + 2u * layer->padding) * layer->channels / TAPS;
}

/* The input with zeros around it. */
static void pad(const dense_layer_t *layer, const int8_t *input, cell_t *frame)
{
    const uint32_t count = (uint32_t)layer->width * layer->channels, cells = row_cells(layer);
    uint32_t y;

    if (layer->padding != 0u) {
        __builtin_memset(frame, 0, cells * (layer->height + 2u * layer->padding) * sizeof *frame);
        frame += layer->padding * (cells + layer->channels / TAPS);
    }
    for (y = 0; y < layer->height; ++y, frame += cells, input += count) {
        widen(frame, input, count);
    }
}

/* Sums to activations. */
static inline void finish(const dense_layer_t *layer, uint32_t c, const int32_t sums[2], int8_t *first, int8_t *second,
                          uint8_t relu)
{
    const int32_t multiplier = layer->multiplier[c];

    second[c] = dense_requantise(sums[1], multiplier, relu);
    first[c] = dense_requantise(sums[0], multiplier, relu);
}

/* All channels of two outputs; where first == second, those of the first column. */
static inline void multiply(const dense_layer_t *layer, const uint32_t *columns, int8_t *first, int8_t *second,
                            uint8_t relu)
{
    const uint32_t quads = layer->quads, channels = layer->out_channels;
    const int8_t *weights = layer->weights;
    uint32_t c;

    for (c = 0; c < channels; c += 2u, weights += 8u * quads) {
        int32_t sums[4];

        sums[0] = sums[1] = layer->bias[c];
        sums[2] = sums[3] = layer->bias[c + 1u];
        dense_dot(weights, columns, columns + DENSE_QUAD_WORDS * quads, quads, sums);
        finish(layer, c, sums, first, second, relu);
        finish(layer, c + 1u, sums + 2, first, second, relu);
    }
}

static void multiply_any(const dense_layer_t *layer, const uint32_t *columns, int8_t *first, int8_t *second)
{
    if (layer->relu) {
        multiply(layer, columns, first, second, 1u);
    } else {
        multiply(layer, columns, first, second, 0u);
    }
}

void dense_conv2d(const dense_layer_t *layer, const int8_t *input, int8_t *output, const dense_scratch_t *scratch)
{
    cell_t *const frame = (cell_t *)scratch->frame;
    uint32_t *const halves[2] = {scratch->columns, scratch->columns + DENSE_QUAD_WORDS * layer->quads};
    const uint32_t channels = layer->out_channels, row = row_cells(layer);
    const uint32_t window = (uint32_t)layer->kernel * layer->channels / TAPS;
    const uint32_t step = (uint32_t)layer->stride * layer->channels / TAPS;
    uint32_t held = 0, x, y, k;

    pad(layer, input, frame);
    __builtin_memset(scratch->columns, 0, 2u * DENSE_QUAD_WORDS * layer->quads * sizeof *scratch->columns);
    for (y = 0; y < layer->out_height; ++y) {
        const cell_t *from = frame + y * layer->stride * row;

        for (x = 0; x < layer->out_width; ++x, from += step) {
            cell_t *to = (cell_t *)halves[held];

            for (k = 0; k < layer->kernel; ++k) {
                to = copy(to, from + k * row, window);
            }
            held ^= 1u;
            if (held == 0u) {
                multiply_any(layer, scratch->columns, output, output + channels);
                output += 2u * channels;
            }
        }
    }
    if (held != 0u) { /* an odd number of outputs: the other column holds an older window */
        multiply_any(layer, scratch->columns, output, output);
    }
}
