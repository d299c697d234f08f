/* SPDX-License-Identifier: 0BSD */
/*
 * sast_linear.c: one spike of a fully connected layer, from its input.
 */
#include "sast_internal.h"

void sast_linear(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    (void)place;
    sast_counters_of(context, layer)->synops += layer->out_channels;
    layer->add(sast_words(context, layer->membranes), layer->weight + channel * layer->input_words, &layer->block, 1);
}
