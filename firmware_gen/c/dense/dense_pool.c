/* SPDX-License-Identifier: 0BSD */
/* dense_pool.c: the largest of 2 x 2. */
#include "dense_kernels.h"

/* One row of outputs. upper, lower: two rows of inputs. */
#if DENSE_DSP
static void pool_row(const dense_layer_t *layer, const int8_t *upper, const int8_t *lower, int8_t *output)
{
    const uint32_t channels = layer->channels;
    uint32_t x, c;

    for (x = 0; x < layer->out_width; ++x, upper += channels, lower += channels) {
        for (c = 0; c < channels; c += 4u, upper += 4, lower += 4, output += 4) {
            uint32_t p, q, r, s;

            p = dense_load(upper);
            q = dense_load(upper + channels);
            r = dense_load(lower);
            s = dense_load(lower + channels);
            p = dense_max4(dense_max4(p, q), dense_max4(r, s));
            dense_store(output, p);
        }
    }
}
#else
static int8_t larger(int8_t x, int8_t y)
{
    return x > y ? x : y;
}

static void pool_row(const dense_layer_t *layer, const int8_t *upper, const int8_t *lower, int8_t *output)
{
    const uint32_t channels = layer->channels;
    uint32_t x, c;

    for (x = 0; x < layer->out_width; ++x, upper += channels, lower += channels) {
        for (c = 0; c < channels; ++c, ++upper, ++lower) {
            *output++ = larger(larger(upper[0], upper[channels]), larger(lower[0], lower[channels]));
        }
    }
}
#endif

void dense_max_pool(const dense_layer_t *layer, const int8_t *input, int8_t *output)
{
    const uint32_t row = (uint32_t)layer->width * layer->channels;
    uint32_t y;

    for (y = 0; y < layer->out_height; ++y, input += 2u * row) {
        pool_row(layer, input, input + row, output);
        output += (uint32_t)layer->out_width * layer->channels;
    }
}
