/* SPDX-License-Identifier: 0BSD */
/*
 * sast_conv2d.c: one input spike of a convolution.
 *
 * The tables say which output rows and columns the spike reaches, and with which part of the kernel, borders and stride
 * considered: nothing is divided and nothing outside is touched. Here each position is a run of its own.
 */
#include "sast_internal.h"

void sast_conv2d(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_rows_t *rows = &layer->rows[sast_row(place)];
    const sast_columns_t *columns = &layer->columns[sast_column(place)];
    uint32_t *membranes = sast_words(context, rows->membranes + columns->membranes);
    const SAST_TABLE uint32_t *weights = rows->weights + (channel * layer->input_words + columns->weights);
    uint32_t left;

    if (columns->count == 0u) {
        return;
    }
    if (layer->group_first != NULL) {
        membranes += layer->group_first[channel];
    }
    sast_counters_of(context, layer)->synops += rows->count * columns->block->synops;
    for (left = rows->count; left > 0u; --left) {
        layer->add(membranes, weights, columns->block, columns->count);
        membranes += layer->out_row_words;
        weights += layer->kernel_row_words;
    }
}
