/* SPDX-License-Identifier: 0BSD */
/*
 * sast_sweep_wide.c: every neuron of a wide layer, once a step: spiking, or the read-out.
 *
 * A membrane in memory already holds leak(v) + input. It is finished (bias, saturation, spike, reset), shown to the
 * observer, and put back leaked for the events of the next step.
 */
#include "sast_arithmetic.h"
#include "sast_internal.h"

/* One neuron, `n` of the layer, at `place`; tells whether it spiked. */
static bool update(sast_context_t *context, const sast_layer_t *layer, uint32_t n, uint32_t place, uint32_t c)
{
    const sast_neuron_t *neuron = &layer->neuron;
    uint32_t *membrane = sast_words(context, layer->membranes) + n;
    int32_t v = sast_saturate(neuron, (int32_t)*membrane + neuron->bias[c]);
    const bool spike = neuron->threshold != NULL && v >= neuron->threshold[c];

    if (spike) {
        v = neuron->reset == SAST_RESET_ZERO
                ? 0
                : v - neuron->threshold[neuron->reset == SAST_RESET_AMOUNT ? layer->out_channels + c : c];
    }
    *membrane = (uint32_t)sast_leak(neuron, v);
    sast_show(context, layer, n, v, spike);
    if (neuron->threshold == NULL) {
        ((int32_t *)sast_memory(context, context->model->outputs))[n] = v;
    }
    if (spike) {
        if (layer->recurrent != NULL) {
            (void)sast_test_and_set(sast_words(context, layer->bitmap), n);
        }
        sast_pass_on(context, layer, place, c);
    }
    return spike;
}

void sast_sweep_wide(sast_context_t *context, const sast_layer_t *layer)
{
    uint32_t spikes = 0;
    uint32_t n = 0;
    uint32_t y;
    uint32_t x;
    uint32_t c;

    for (y = 0; y < layer->out_height; ++y) {
        for (x = 0; x < layer->out_width; ++x) {
            for (c = 0; c < layer->out_channels; ++c) {
                spikes += update(context, layer, n, sast_place(y, x), c) ? 1u : 0u;
                ++n;
            }
        }
    }
    sast_counters_of(context, layer)->spikes = spikes;
}
