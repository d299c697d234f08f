/* SPDX-License-Identifier: 0BSD */
/*
 * sast_linear_noted.c: all input spikes of a fully connected layer in this step, which have been noted, bit by bit.
 */
#include "sast_dsp.h"
#include "sast_internal.h"

void sast_linear_noted(sast_context_t *context, const sast_layer_t *layer)
{
    uint32_t *noted = sast_words(context, layer->noted);
    uint32_t *membranes = sast_words(context, layer->membranes);
    const SAST_TABLE uint32_t *weights = layer->weight;
    const uint32_t words = ((uint32_t)layer->channels + 31u) >> 5;
    uint32_t spikes = 0;
    uint32_t i;

    for (i = 0; i < words; ++i) {
        uint32_t bits = noted[i];

        noted[i] = 0;
        for (; bits != 0u; bits &= bits - 1u) {
            layer->add(membranes, weights + sast_lowest(bits) * layer->input_words, &layer->block, 1);
            ++spikes;
        }
        weights += 32u * layer->input_words;
    }
    sast_counters_of(context, layer)->synops += spikes * layer->out_channels;
}
