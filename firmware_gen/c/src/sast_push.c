/* SPDX-License-Identifier: 0BSD */
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

/* The first event of a step. */
static sast_status_t open_step(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    if (is_outside(context->model, x, y, polarity)) {
        return SAST_ERR_RANGE;
    }
    sast_set_state(context, SAST_BUSY);
    sast_open_step(context);
    context->events_left = context->event_limit;
    sast_set_state(context, context->event_limit == 0u ? SAST_OPEN : SAST_LIMITED);
    return SAST_OK;
}

/* Whether an event may come under the limit: it does not count (any more), or takes one of those left. */
static bool within_limit(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    const sast_model_t *model = context->model;
    const uint32_t row = (uint32_t)y >> model->shift;
    const uint32_t n = (row * model->width + ((uint32_t)x >> model->shift)) * 2u + polarity;

    if (is_outside(model, x, y, polarity)
        || (model->count_cap == 1u ? sast_is_set((const uint32_t *)context->seen, n)
                                   : ((const uint8_t *)context->seen)[n] >= model->count_cap)) {
        return true;
    }
    if (context->events_left == 0u) {
        sast_increment(&context->lost.overload);
        return false;
    }
    --context->events_left;
    return true;
}

/* A function of its own, so that sast_push need not keep anything across its calls. */
sast_status_t sast_push_apart(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    sast_status_t status = sast_may_change(context);

    if (status == SAST_ERR_BUSY) {
        sast_increment(&context->lost.busy);
    }
    if (status == SAST_OK && sast_state(context) == SAST_CLOSED) {
        status = open_step(context, x, y, polarity);
    }
    if (status == SAST_OK && sast_state(context) == SAST_LIMITED && !within_limit(context, x, y, polarity)) {
        status = SAST_ERR_OVERLOAD;
    }
    return status == SAST_OK ? push(context, x, y, polarity) : status;
}

sast_status_t sast_push(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    if (context == NULL || sast_state(context) != SAST_OPEN) {
        return sast_push_apart(context, x, y, polarity);
    }
    return push(context, x, y, polarity);
}
