/* SPDX-License-Identifier: 0BSD */
/*
 * sast_recurrent_add.c: a layer's own spikes of the step before.
 */
#include "sast_internal.h"

void sast_recurrent_add(sast_context_t *context, const sast_layer_t *layer)
{
    uint32_t *spikes = sast_words(context, layer->bitmap);
    const SAST_TABLE uint32_t *weights = layer->recurrent;
    uint32_t n;

    for (n = 0; n < layer->out_channels; ++n) {
        const uint32_t mask = (uint32_t)1u << (n & 31u);

        if ((spikes[n >> 5] & mask) != 0u) {
            spikes[n >> 5] &= ~mask;
            sast_counters_of(context, layer)->synops += layer->out_channels;
            layer->add(sast_words(context, layer->membranes), weights, &layer->block, 1);
        }
        weights += layer->input_words;
    }
}
