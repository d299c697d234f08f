/*
 * sast_membrane.c: reading the state, whatever form the kernels keep it in.
 */
#include "sast_internal.h"

sast_status_t sast_membrane(const sast_context_t *context, uint16_t layer, uint32_t neuron, int32_t *membrane)
{
    const sast_layer_t *of;
    const void *membranes;

    if (!sast_ready(context) || membrane == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    if (layer >= context->model->layer_count || !sast_is_weighted(&context->model->layers[layer])) {
        return SAST_ERR_RANGE;
    }
    of = &context->model->layers[layer];
    if (neuron >= (uint32_t)of->out_height * of->out_width * of->out_channels) {
        return SAST_ERR_RANGE;
    }
    membranes = sast_memory(context, of->membranes);
    if (of->neuron.membrane_bytes == 2u) {
        *membrane = ((const int16_t *)membranes)[neuron];
    } else {
        *membrane = ((const int32_t *)membranes)[neuron];
    }
    return SAST_OK;
}
