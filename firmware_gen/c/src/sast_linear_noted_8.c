/* SPDX-License-Identifier: 0BSD */
/*
 * sast_linear_noted_8.c: sast_linear_noted.c for weights that sast_add_set_8 takes: those of most read-outs.
 */
#include "sast_internal.h"

void sast_linear_noted_8(sast_context_t *context, const sast_layer_t *layer)
{
    uint32_t *noted = sast_words(context, layer->noted);
    uint32_t *membranes = sast_words(context, layer->membranes);
    const SAST_TABLE uint32_t *weights = layer->weight;
    const uint32_t words = ((uint32_t)layer->channels + 31u) >> 5;
    uint32_t spikes = 0;
    uint32_t i;

    for (i = 0; i < words; ++i) {
        const uint32_t bits = noted[i];

        if (bits != 0u) {
            noted[i] = 0;
            spikes += sast_count(bits);
            sast_add_set_8(membranes, weights, bits, layer->out_channels);
        }
        weights += 32u * layer->input_words;
    }
    sast_counters_of(context, layer)->synops += spikes * layer->out_channels;
}
