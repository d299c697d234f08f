/*
 * sast_push.c: one event into the network.
 */
#include "sast_internal.h"

static bool is_outside(const sast_model_t *model, uint16_t x, uint16_t y, uint8_t polarity)
{
    return x >= model->sensor_width || y >= model->sensor_height || polarity > 1u;
}

/* Whether an event at input n still counts in this step, where more than one may; notes it. */
static bool admit(const sast_model_t *model, uint8_t *seen, uint32_t n)
{
    if (seen[n] >= model->count_cap) {
        return false;
    }
    ++seen[n];
    return true;
}

/* An event of a step that is open. */
static inline sast_status_t push(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    const sast_model_t *model = context->model;
    uint32_t row = y;
    uint32_t column = x;
    uint32_t n;

    if (is_outside(model, x, y, polarity)) {
        return SAST_ERR_RANGE;
    }
    if (model->shift != 0u) {
        row >>= model->shift;
        column >>= model->shift;
    }
    n = (row * model->width + column) * 2u + polarity;
    if (model->count_cap == 1u ? !sast_test_and_set((uint32_t *)context->seen, n)
                               : admit(model, (uint8_t *)context->seen, n)) {
        model->layers->receive(context, model->layers, sast_place(row, column), polarity);
    }
    return SAST_OK;
}

/* The first event of a step. Apart, so that the others need not keep anything across its calls. */
static sast_status_t push_first(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    if (context->model == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    if (is_outside(context->model, x, y, polarity)) {
        return SAST_ERR_RANGE;
    }
    sast_open_step(context);
    return push(context, x, y, polarity);
}

sast_status_t sast_push(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    if (context == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    return context->seen == NULL ? push_first(context, x, y, polarity) : push(context, x, y, polarity);
}
