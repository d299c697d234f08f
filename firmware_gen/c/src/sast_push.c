/*
 * sast_push.c: one event into the network.
 */
#include "sast_internal.h"

/* Whether an event at input n still counts in this step; notes it. */
static bool admit(sast_context_t *context, const sast_model_t *model, uint32_t n)
{
    uint8_t *seen;

    if (model->count_cap == 1u) {
        return !sast_test_and_set(sast_words(context, model->input_seen), n);
    }
    seen = (uint8_t *)sast_memory(context, model->input_seen);
    if (seen[n] >= model->count_cap) {
        return false;
    }
    ++seen[n];
    return true;
}

sast_status_t sast_push(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    const sast_model_t *model;
    uint32_t row;
    uint32_t column;

    if (!sast_ready(context)) {
        return SAST_ERR_ARGUMENT;
    }
    model = context->model;
    if (x >= model->sensor_width || y >= model->sensor_height || polarity > 1u) {
        return SAST_ERR_RANGE;
    }
    if (context->step_open == 0u) {
        sast_open_step(context);
    }
    row = (uint32_t)y >> model->shift;
    column = (uint32_t)x >> model->shift;
    if (admit(context, model, (row * model->width + column) * 2u + polarity)) {
        model->layers[0].receive(context, &model->layers[0], sast_place(row, column), polarity);
    }
    return SAST_OK;
}
