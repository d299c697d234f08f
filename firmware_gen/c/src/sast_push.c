/*
 * sast_push.c: one event into the network.
 */
#include "sast_internal.h"

/* Whether an event at input n still counts in this step; notes it. */
static bool admit(sast_context_t *context, uint32_t n)
{
    uint8_t *seen = (uint8_t *)sast_memory(context, context->model->input_seen);

    if (context->model->count_cap == 1u) {
        return !sast_test_and_set(seen, n);
    }
    if (seen[n] >= context->model->count_cap) {
        return false;
    }
    ++seen[n];
    return true;
}

sast_status_t sast_push(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    const sast_model_t *model;
    sast_site_t at;

    if (!sast_ready(context)) {
        return SAST_ERR_ARGUMENT;
    }
    model = context->model;
    if (x >= model->sensor_width || y >= model->sensor_height || polarity > 1u) {
        return SAST_ERR_RANGE;
    }
    at.y = (uint16_t)(y >> model->shift);
    at.x = (uint16_t)(x >> model->shift);
    at.c = polarity;
    sast_open_step(context);
    if (admit(context, sast_neuron_index(at, model->width, 2u))) {
        sast_deliver(context, 0, at);
    }
    return SAST_OK;
}
