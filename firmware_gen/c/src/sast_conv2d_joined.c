/*
 * sast_conv2d_joined.c: one input spike of a convolution with one group and rows of whole words: all columns of an output
 * row are one run of weights and of membranes. The tables are those of sast_conv2d.c.
 */
#include "sast_internal.h"

void sast_conv2d_joined(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_axis_t *rows = &layer->rows[sast_row(place)];
    const sast_axis_t *columns = &layer->columns[sast_column(place)];
    const uint32_t count = columns->count;
    uint32_t *membranes = sast_words(context, layer->membranes);
    const uint32_t *weights = layer->weight;
    sast_block_t block;

    block.rows = rows->count;
    if (count == 0u || block.rows == 0u) {
        return;
    }
    sast_counters_of(context, layer)->synops += block.rows * count * layer->group_channels;
    membranes += rows->first * layer->out_row_words + columns->first * layer->position_words;
    weights += channel * layer->kernel_words + rows->tap * layer->kernel_row_words + columns->tap * layer->weight_words;
    block.length = count * layer->length;
    block.membrane_gap = layer->out_row_words - count * layer->position_words;
    block.weight_gap = layer->kernel_row_words - count * layer->weight_words;
    layer->add(membranes, weights, &block, layer);
}
