/* SPDX-License-Identifier: 0BSD */
/*
 * sast_sum_pool.c: every spike of a window passes.
 */
#include "sast_internal.h"

void sast_sum_pool(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_window_t *row = &layer->window_rows[sast_row(place)];
    const sast_window_t *column = &layer->window_columns[sast_column(place)];

    if ((row->in_window & column->in_window) != 0u) { /* else: a row or column that fills no window */
        sast_pass_on(context, layer, sast_place(row->output, column->output), channel);
    }
}
