/*
 * sast_or_pool.c: only the first spike of a window passes in a step.
 */
#include "sast_internal.h"

void sast_or_pool(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_axis_t *row = &layer->rows[sast_row(place)];
    const sast_axis_t *column = &layer->columns[sast_column(place)];
    uint32_t n;

    if ((row->count & column->count) == 0u) {
        return; /* a row or column that fills no window */
    }
    n = ((uint32_t)row->first * layer->out_width + column->first) * layer->channels + channel;
    if (!sast_test_and_set(sast_words(context, layer->bitmap), n)) {
        sast_pass_on(context, layer, sast_place(row->first, column->first), channel);
    }
}
