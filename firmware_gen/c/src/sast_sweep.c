/*
 * sast_sweep.c: every neuron of a layer, once a step.
 *
 * A membrane in memory already holds leak(v) + input. It is finished (bias, saturation, spike, reset), shown to the
 * observer, and put back leaked for the events of the next step.
 */
#include "sast_arithmetic.h"
#include "sast_internal.h"

/* A neuron after its step. */
typedef struct {
    int32_t v;
    bool spike;
} fired_t;

/* One position of the layer while it is swept. */
typedef struct {
    sast_context_t *context;
    const sast_layer_t *layer;
    uint16_t index;  /* of the layer */
    uint32_t first;  /* number of the position's first neuron */
    sast_site_t at;  /* its row and column; c runs over its neurons */
    uint32_t spikes; /* of the layer so far */
} sweep_t;

static inline fired_t update(const sast_neuron_t *neuron, uint16_t c, int32_t sum)
{
    fired_t out;

    out.v = sast_saturate(neuron, sum + neuron->bias[c]);
    out.spike = neuron->threshold != NULL && out.v >= neuron->threshold[c];
    if (out.spike) {
        out.v = neuron->reset == SAST_RESET_ZERO ? 0 : out.v - neuron->threshold[c];
    }
    return out;
}

/* What others learn of neuron `sweep->at.c`: the observer, the next layers, the layer itself, the read-out. */
static void announce(sweep_t *sweep, fired_t neuron)
{
    sast_context_t *context = sweep->context;
    const sast_layer_t *layer = sweep->layer;
    const uint32_t n = sweep->first + sweep->at.c;

    if (context->observer.neuron != NULL) {
        context->observer.neuron(context->observer.user, sweep->index, n, neuron.v, neuron.spike ? 1u : 0u);
    }
    if (neuron.spike) {
        ++sweep->spikes;
        if (layer->kind == SAST_RECURRENT_LINEAR) {
            (void)sast_test_and_set((uint8_t *)sast_memory(context, layer->bitmap), n);
        }
        sast_deliver(context, (uint16_t)(sweep->index + 1u), sweep->at);
    }
    if (sweep->index + 1u == context->model->layer_count) {
        int32_t *outputs = (int32_t *)sast_memory(context, context->model->outputs);

        outputs[n] = layer->neuron.threshold == NULL ? neuron.v : outputs[n] + (neuron.spike ? 1 : 0);
    }
}

static void sweep_narrow(sweep_t *sweep, int16_t *membranes)
{
    const sast_neuron_t neuron = sweep->layer->neuron;
    const uint16_t channels = sweep->layer->out_channels;
    uint16_t c;

    for (c = 0; c < channels; ++c) {
        const fired_t fired = update(&neuron, c, membranes[c]);

        membranes[c] = (int16_t)sast_leak(&neuron, fired.v);
        sweep->at.c = c;
        announce(sweep, fired);
    }
}

static void sweep_wide(sweep_t *sweep, int32_t *membranes)
{
    const sast_neuron_t neuron = sweep->layer->neuron;
    const uint16_t channels = sweep->layer->out_channels;
    uint16_t c;

    for (c = 0; c < channels; ++c) {
        const fired_t fired = update(&neuron, c, membranes[c]);

        membranes[c] = sast_leak(&neuron, fired.v);
        sweep->at.c = c;
        announce(sweep, fired);
    }
}

void sast_sweep(sast_context_t *context, uint16_t index)
{
    const sast_layer_t *layer = &context->model->layers[index];
    void *membranes = sast_memory(context, layer->membranes);
    sweep_t sweep = {context, layer, index, 0, {0, 0, 0}, 0};

    for (sweep.at.y = 0; sweep.at.y < layer->out_height; ++sweep.at.y) {
        for (sweep.at.x = 0; sweep.at.x < layer->out_width; ++sweep.at.x) {
            if (layer->neuron.membrane_bytes == 2u) {
                sweep_narrow(&sweep, (int16_t *)membranes + sweep.first);
            } else {
                sweep_wide(&sweep, (int32_t *)membranes + sweep.first);
            }
            sweep.first += layer->out_channels;
        }
    }
    sast_counters_of(context, layer)->spikes = sweep.spikes;
}
