/* SPDX-License-Identifier: 0BSD */
/*
 * sast_linear_packed.c: one spike of a wide fully connected layer whose rows of weights follow one another bit by bit.
 *
 * A read-out of ten classes and 2 bits needs 20 bits an input: a word of its own for each would be waste.
 */
#include "sast_arithmetic.h"
#include "sast_internal.h"

void sast_linear_packed(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const uint32_t bits = layer->block.bits;
    uint32_t left = layer->block.length;
    uint32_t at = channel * left * bits; /* bit of the table, then of the word */
    const SAST_TABLE uint32_t *weights = layer->weight + (at >> 5);
    uint32_t *membranes = sast_words(context, layer->membranes);

    (void)place;
    sast_counters_of(context, layer)->synops += layer->out_channels;
    at &= 31u;
    for (; left > 0u; --left) {
        *membranes += sast_weight_at_top(*weights << (32u - bits - at), bits, layer->block.shift);
        ++membranes;
        at += bits;
        if (at == 32u) {
            ++weights;
            at = 0;
        }
    }
}
