/* SPDX-License-Identifier: 0BSD */
/*
 * sast_sweep_integrator.c: the read-out membranes of a narrow last layer that never spikes.
 */
#include "sast_arithmetic.h"
#include "sast_internal.h"

void sast_sweep_integrator(sast_context_t *context, const sast_layer_t *layer)
{
    const sast_neuron_t *neuron = &layer->neuron;
    uint32_t *membranes = sast_words(context, layer->membranes);
    int32_t *outputs = (int32_t *)sast_memory(context, context->model->outputs);
    uint32_t c;

    for (c = 0; c < layer->out_channels; ++c) {
        uint32_t *word = membranes + (c >> 1);
        const int32_t v = sast_saturate(neuron, sast_from_half(neuron, sast_half(*word, c & 1u)) + neuron->bias[c]);

        *word = sast_with_half(*word, c & 1u, sast_to_half(neuron, sast_leak(neuron, v)));
        outputs[c] = v;
        sast_show(context, layer, c, v, false);
    }
}
