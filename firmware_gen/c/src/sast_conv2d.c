/*
 * sast_conv2d.c: one input spike of a convolution.
 *
 * The axis tables say which output rows and columns the spike reaches, and with which part of the kernel, borders and
 * stride considered: nothing is divided and nothing outside is touched. The kernel is stored in the order in which
 * neighbouring outputs meet it. With one group and whole bytes, all columns of an output row are then one run of
 * weights and one run of membranes; otherwise each position is a run of its own.
 */
#include "sast_internal.h"

void sast_conv2d_add(sast_context_t *context, const sast_layer_t *layer, sast_site_t at)
{
    const sast_weights_t *weight = &layer->weight;
    const sast_axis_t rows = layer->rows[at.y];
    const sast_axis_t columns = layer->columns[at.x];
    const uint32_t runs = layer->joined != 0u ? 1u : columns.count;
    const uint32_t positions = layer->joined != 0u ? columns.count : 1u; /* of a run */
    const uint32_t first_channel = layer->group_first != NULL ? layer->group_first[at.c] : 0u;
    const uint32_t membrane_bytes = layer->neuron.membrane_bytes;
    uint8_t *membranes = (uint8_t *)sast_memory(context, layer->membranes);
    uint32_t i;
    uint32_t j;

    if (columns.count == 0u) {
        return;
    }
    for (i = 0; i < rows.count; ++i) {
        uint32_t neuron = ((rows.first + i) * layer->out_width + columns.first) * layer->out_channels + first_channel;
        uint32_t row = ((rows.tap + i) * layer->channels + at.c) * layer->kernel_columns + columns.tap;

        for (j = 0; j < runs; ++j) {
            weight->add_row(membranes + neuron * membrane_bytes, weight->data + row * weight->row_bytes,
                            positions * layer->group_channels, weight->shift);
            neuron += layer->out_channels;
            ++row;
        }
    }
    sast_counters_of(context, layer)->synops += (uint32_t)rows.count * columns.count * layer->group_channels;
}
