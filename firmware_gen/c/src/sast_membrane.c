/* SPDX-License-Identifier: 0BSD */
/*
 * sast_membrane.c: reading the state, whatever form the kernels keep it in.
 */
#include "sast_arithmetic.h"
#include "sast_internal.h"
#include "sast_lanes.h"

/* a / b, bit by bit: the library divides nowhere else, and small cores have no instruction for it. */
static uint32_t divide(uint32_t a, uint32_t b)
{
    uint32_t quotient = 0;
    uint32_t bit = 0; /* the quotient is below 1 << bit */

    while (bit < 32u && a >> bit >= b) {
        ++bit;
    }
    for (; bit > 0u; --bit) {
        if (a >> (bit - 1u) >= b) {
            a -= b << (bit - 1u);
            quotient |= (uint32_t)1u << (bit - 1u);
        }
    }
    return quotient;
}

/* Where a position's membranes lie: those of its own, or those that it shares. */
static const uint32_t *membranes_of(const sast_context_t *context, const sast_layer_t *layer, uint32_t position)
{
    if (layer->reach != NULL) {
        uint32_t *idle = sast_words(context, layer->idle);
        const uint32_t cell = position >> layer->cell_shift;

        if (*idle != 0u && !sast_is_touched(idle, cell)) {
            return sast_idle_cell(layer, idle) + (position - (cell << layer->cell_shift)) * layer->position_words;
        }
    }
    return sast_words(context, layer->membranes) + position * layer->position_words;
}

sast_status_t sast_membrane(const sast_context_t *context, uint16_t layer, uint32_t neuron, int32_t *membrane)
{
    const sast_layer_t *of;
    const uint32_t *words;
    uint32_t position;
    uint32_t c;

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
    position = divide(neuron, of->out_channels);
    c = neuron - position * of->out_channels;
    words = membranes_of(context, of, position);
    if (of->narrow == 0u) {
        *membrane = (int32_t)words[c];
    } else if (of->neuron.fire == NULL) {
        *membrane = sast_from_half(&of->neuron, sast_half(words[c >> 1], c & 1u));
    } else { /* what it exceeds a membrane of 0 by, which is the third part of the table */
        *membrane = sast_lane(words[c >> 1], c & 1u)
                    - sast_half_lane(of->neuron.table[2u * of->cell_words + (c >> 1)], c & 1u);
    }
    return SAST_OK;
}
