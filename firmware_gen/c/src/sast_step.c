/* SPDX-License-Identifier: 0BSD */
/*
 * sast_step.c: one time step, layer by layer.
 */
#include "sast_internal.h"

void sast_open_step(sast_context_t *context)
{
    sast_counters_t *counters = (sast_counters_t *)sast_memory(context, context->model->counters);
    uint16_t i;

    context->seen = sast_memory(context, context->model->input_seen);
    for (i = 0; i < context->model->weighted_count; ++i) {
        counters[i].synops = 0;
        counters[i].spikes = 0;
    }
}

static void run_layer(sast_context_t *context, const sast_layer_t *layer)
{
    sast_counters_t *counters = sast_counters_of(context, layer);

    if (layer->inputs != NULL) {
        layer->inputs(context, layer);
    }
    if (layer->own_spikes != NULL) {
        layer->own_spikes(context, layer);
    }
    layer->sweep(context, layer);
    counters->total_synops += counters->synops;
    counters->total_spikes += counters->spikes;
    if (context->observer.layer_end != NULL) {
        context->observer.layer_end(context->observer.user, (uint16_t)(layer - context->model->layers), counters);
    }
}

/* Which inputs and pools have been set is known for one step only. */
static void close_step(sast_context_t *context)
{
    uint32_t *words = sast_words(context, context->model->step_memory);
    const uint32_t count = context->model->step_memory_bytes >> 2;
    uint32_t i;

    for (i = 0; i < count; ++i) {
        words[i] = 0;
    }
    ++context->steps;
    context->seen = NULL;
    sast_set_state(context, SAST_CLOSED);
}

sast_status_t sast_step(sast_context_t *context)
{
    const sast_status_t status = sast_may_change(context);
    uint16_t i;

    if (status != SAST_OK) {
        return status;
    }
    sast_set_state(context, SAST_BUSY); /* before looking: an interrupt may open the step until now */
    if (context->seen == NULL) {
        sast_open_step(context);
    }
    if (context->observer.step_begin != NULL) {
        context->observer.step_begin(context->observer.user);
    }
    for (i = 0; i < context->model->layer_count; ++i) {
        if (sast_is_weighted(&context->model->layers[i])) {
            run_layer(context, &context->model->layers[i]);
        }
    }
    close_step(context);
    return SAST_OK;
}
