/* SPDX-License-Identifier: 0BSD */
/*
 * sast_push_counts.c: an event of an open step, where an input counts up to count_cap times in a step.
 */
#include "sast_internal.h"

sast_status_t sast_push_counts(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    const sast_model_t *model = context->model;
    const sast_layer_t *first = model->layers;
    uint8_t *seen;

    if (sast_is_outside(model, x, y, polarity)) {
        return SAST_ERR_RANGE;
    }
    seen = (uint8_t *)context->seen + sast_input(model, x, y, polarity);
    if (*seen < model->count_cap) {
        ++*seen;
        first->receive(context, first, sast_input_place(model, x, y), polarity);
    }
    return SAST_OK;
}
