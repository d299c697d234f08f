/* SPDX-License-Identifier: 0BSD */
/*
 * dense.h: a dense int8 convolutional network for microcontrollers, written to be compared with the spiking firmware.
 *
 * Activations int8_t, channels last; weights int8_t, symmetric, one scale per output channel; sums int32_t:
 *
 *     sum    = bias[c] + (all w * a of the window)
 *     output = clamp((sum * multiplier[c] + 2^31) >> 32, low, 127)         low: 0 with ReLU, else -128
 *
 * The zero point of every activation is 0 (padding is 0), which spares the offsets that CMSIS-NN adds. Weights lie in
 * the order their kernel reads them in, made by whoever makes the tables:
 *
 *     conv2d, portable     int8_t [out channel][tap], taps [kernel row][kernel column][in channel], then 0 up to 4 * quads
 *     conv2d, DSP          pairs of output channels: [pair][quad][channel of the pair][4 bytes: taps 0, 2, 1, 3]
 *     linear               int8_t [out channel][input]
 *
 * Counts of channels: even for conv2d and linear outputs, even for conv2d inputs, multiples of 4 for pools and linear
 * inputs. Weights and activations start at a multiple of 4 bytes.
 */
#ifndef DENSE_H
#define DENSE_H

#include <stdint.h>

typedef enum { DENSE_CONV2D, DENSE_MAX_POOL, DENSE_LINEAR } dense_kind_t;

/* One layer. Kernels are square; a pool has windows of 2 x 2 and drops what fills none. */
typedef struct {
    dense_kind_t kind;
    uint16_t height, width, channels; /* of its input */
    uint16_t out_height, out_width, out_channels;
    uint8_t kernel, stride, padding;
    uint8_t relu;
    uint16_t quads; /* conv2d: taps of a window / 4, rounded up */
    const int8_t *weights;
    const int32_t *bias;       /* [out_channels] */
    const int32_t *multiplier; /* [out_channels]: scale * 2^32 */
} dense_layer_t;

/* What conv2d works in. A tap is an int8_t (portable) or an int16_t (DSP). */
typedef struct {
    uint32_t *frame;   /* the largest padded input */
    uint32_t *columns; /* two windows of 4 * quads taps */
} dense_scratch_t;

typedef struct {
    const dense_layer_t *layers;
    uint32_t layer_count;
    int8_t *buffers[2]; /* activations between layers */
    dense_scratch_t scratch;
} dense_network_t;

/* One frame. input, output: int8_t, channels last, of the first and the last layer. */
void dense_run(const dense_network_t *network, const int8_t *input, int8_t *output);

#endif /* DENSE_H */
