/*
 * sast_linear.c: one spike of a fully connected layer, from its input or from itself.
 */
#include "sast_internal.h"

static void add(sast_context_t *context, const sast_layer_t *layer, const sast_weights_t *weight, uint32_t input)
{
    weight->add_row(sast_memory(context, layer->membranes), weight->data + input * weight->row_bytes,
                    layer->out_channels, weight->shift);
    sast_counters_of(context, layer)->synops += layer->out_channels;
}

void sast_linear_add(sast_context_t *context, const sast_layer_t *layer, sast_site_t at)
{
    add(context, layer, &layer->weight, at.c);
}

void sast_recurrent_add(sast_context_t *context, const sast_layer_t *layer)
{
    uint8_t *spikes = (uint8_t *)sast_memory(context, layer->bitmap);
    uint32_t n;

    for (n = 0; n < layer->out_channels; ++n) {
        const uint8_t mask = (uint8_t)(1u << (n & 7u));

        if ((spikes[n >> 3] & mask) != 0u) {
            spikes[n >> 3] = (uint8_t)(spikes[n >> 3] & ~mask);
            add(context, layer, &layer->recurrent, n);
        }
    }
}
