/* SPDX-License-Identifier: 0BSD */
/* dense_linear.c: fully connected, two outputs at a time. */
#include "dense_kernels.h"

/* Sums of two rows of weights with `count` (a multiple of 4) inputs. sums: biases before, sums after. */
static void dot(const int8_t *w0, const int8_t *w1, const int8_t *input, uint32_t count, int32_t sums[2])
{
    int32_t s0 = sums[0], s1 = sums[1];
    const int8_t *const end = input + count;

#if DENSE_DSP
    for (; input != end; input += 4, w0 += 4, w1 += 4) {
        uint32_t a, b, x, odd;

        x = dense_load(input);
        a = dense_load(w0);
        b = dense_load(w1);
        odd = dense_sxtb16_ror8(x);
        x = dense_sxtb16(x);
        s0 = dense_smlad(dense_sxtb16_ror8(a), odd, dense_smlad(dense_sxtb16(a), x, s0));
        s1 = dense_smlad(dense_sxtb16_ror8(b), odd, dense_smlad(dense_sxtb16(b), x, s1));
    }
#else
    while (input != end) {
        const int32_t x = *input++;

        s0 += *w0++ * x;
        s1 += *w1++ * x;
    }
#endif
    sums[0] = s0;
    sums[1] = s1;
}

void dense_linear(const dense_layer_t *layer, const int8_t *input, int8_t *output)
{
    const uint32_t count = (uint32_t)layer->height * layer->width * layer->channels;
    const int8_t *weights = layer->weights;
    uint32_t c;

    for (c = 0; c < layer->out_channels; c += 2u, weights += 2u * count) {
        int32_t sums[2];

        sums[0] = layer->bias[c];
        sums[1] = layer->bias[c + 1u];
        dot(weights, weights + count, input, count, sums);
        output[c] = dense_requantise(sums[0], layer->multiplier[c], layer->relu);
        output[c + 1u] = dense_requantise(sums[1], layer->multiplier[c + 1u], layer->relu);
    }
}
