/*
 * sast_deliver.c: the way of one spike to the next weighted layer.
 */
#include "sast_internal.h"

/* The pool's output that a site belongs to; false for rows and columns that fill no window. */
static bool pool(const sast_layer_t *layer, sast_site_t *at)
{
    const sast_axis_t row = layer->rows[at->y];
    const sast_axis_t column = layer->columns[at->x];

    at->y = row.first;
    at->x = column.first;
    return row.count != 0u && column.count != 0u;
}

/* Only the first spike of a window passes in a step. */
static bool or_pool_is_set(sast_context_t *context, const sast_layer_t *layer, sast_site_t at)
{
    uint8_t *bitmap = (uint8_t *)sast_memory(context, layer->bitmap);

    return sast_test_and_set(bitmap, sast_neuron_index(at, layer->out_width, layer->out_channels));
}

void sast_deliver(sast_context_t *context, uint16_t index, sast_site_t at)
{
    uint16_t i;

    for (i = index; i < context->model->layer_count; ++i) {
        const sast_layer_t *layer = &context->model->layers[i];

        switch (layer->kind) {
        case SAST_FLATTEN:
            at.c = (uint16_t)sast_neuron_index(at, layer->width, layer->channels);
            at.y = 0;
            at.x = 0;
            break;
        case SAST_SUM_POOL:
            if (!pool(layer, &at)) {
                return;
            }
            break;
        case SAST_OR_POOL:
            if (!pool(layer, &at) || or_pool_is_set(context, layer, at)) {
                return;
            }
            break;
        case SAST_CONV2D:
            sast_conv2d_add(context, layer, at);
            return;
        default:
            sast_linear_add(context, layer, at);
            return;
        }
    }
}
