/* SPDX-License-Identifier: 0BSD */
/*
 * sast_or_pool.c: only the first spike of a window passes in a step.
 */
#include "sast_internal.h"

void sast_or_pool(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_window_t *row = &layer->window_rows[sast_row(place)];
    const sast_window_t *column = &layer->window_columns[sast_column(place)];
    uint32_t n;

    if ((row->in_window & column->in_window) == 0u) {
        return; /* a row or column that fills no window */
    }
    n = ((uint32_t)row->output * layer->out_width + column->output) * layer->channels + channel;
    if (!sast_test_and_set(sast_words(context, layer->bitmap), n)) {
        sast_pass_on(context, layer, sast_place(row->output, column->output), channel);
    }
}
