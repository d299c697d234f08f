/* SPDX-License-Identifier: 0BSD */
/*
 * sast_or_pool_noted.c: an or_pool whose bits are the inputs of the linear layer after it: nothing has to pass on.
 */
#include "sast_internal.h"

void sast_or_pool_noted(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_window_t *row = &layer->window_rows[sast_row(place)];
    const sast_window_t *column = &layer->window_columns[sast_column(place)];

    if ((row->in_window & column->in_window) != 0u) { /* else: a row or column that fills no window */
        (void)sast_test_and_set(sast_words(context, layer->bitmap),
                                ((uint32_t)row->output * layer->out_width + column->output) * layer->channels + channel);
    }
}
