/* SPDX-License-Identifier: 0BSD */
/*
 * sast_conv2d_joined.c: one input spike of a convolution with one group and rows of whole words: all columns of an output
 * row are one run of weights and of membranes. The tables are those of sast_conv2d.c.
 */
#include "sast_internal.h"

void sast_conv2d_joined(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_rows_t *rows = &layer->rows[sast_row(place)];
    const sast_columns_t *columns = &layer->columns[sast_column(place)];

    if (rows->count == 0u || columns->count == 0u) {
        return;
    }
    sast_counters_of(context, layer)->synops += rows->count * columns->block->synops;
    layer->add(sast_words(context, rows->membranes + columns->membranes),
               rows->weights + (channel * layer->input_words + columns->weights), columns->block, rows->count);
}
