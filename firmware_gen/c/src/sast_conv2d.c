/*
 * sast_conv2d.c: one input spike of a convolution.
 *
 * The axis tables say which output rows and columns the spike reaches, and with which part of the kernel, borders and
 * stride considered: nothing is divided and nothing outside is touched. The kernel is stored in the order in which
 * neighbouring outputs meet it. Here each position is a run of its own.
 */
#include "sast_internal.h"

void sast_conv2d(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_axis_t *rows = &layer->rows[sast_row(place)];
    const sast_axis_t *columns = &layer->columns[sast_column(place)];
    const uint32_t run_words = layer->narrow != 0u ? 2u * layer->length : layer->length;
    uint32_t *membranes = sast_words(context, layer->membranes);
    const uint32_t *weights = layer->weight;
    sast_block_t block;
    uint32_t i;

    block.rows = columns->count;
    if (block.rows == 0u) {
        return;
    }
    block.length = layer->length;
    block.membrane_gap = layer->position_words - run_words;
    block.weight_gap = 0;
    membranes += rows->first * layer->out_row_words + columns->first * layer->position_words;
    if (layer->group_first != NULL) {
        membranes += layer->group_first[channel];
    }
    weights += channel * layer->kernel_words + rows->tap * layer->kernel_row_words + columns->tap * layer->weight_words;
    for (i = 0; i < rows->count; ++i) {
        layer->add(membranes, weights, &block, layer);
        membranes += layer->out_row_words;
        weights += layer->kernel_row_words;
    }
    sast_counters_of(context, layer)->synops += (uint32_t)rows->count * columns->count * layer->group_channels;
}
