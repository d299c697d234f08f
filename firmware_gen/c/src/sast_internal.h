/*
 * sast_internal.h: what the library's files share; not for users.
 */
#ifndef SAST_INTERNAL_H
#define SAST_INTERNAL_H

#include <stdbool.h>

#include "sast.h"

/* The place of a spike: row, column, channel. */
typedef struct {
    uint16_t y;
    uint16_t x;
    uint16_t c;
} sast_site_t;

static inline bool sast_ready(const sast_context_t *context)
{
    return context != NULL && context->model != NULL;
}

static inline bool sast_is_weighted(const sast_layer_t *layer)
{
    return layer->kind <= SAST_RECURRENT_LINEAR;
}

/* Working memory at an offset; the model's memory type gives every part its alignment. */
static inline void *sast_memory(const sast_context_t *context, uint32_t offset)
{
    return context->memory + offset;
}

static inline sast_counters_t *sast_counters_of(const sast_context_t *context, const sast_layer_t *layer)
{
    return (sast_counters_t *)sast_memory(context, context->model->counters) + layer->counters;
}

/* Sets bit n; tells whether it was set before. */
static inline bool sast_test_and_set(uint8_t *bitmap, uint32_t n)
{
    const uint8_t mask = (uint8_t)(1u << (n & 7u));
    const bool before = (bitmap[n >> 3] & mask) != 0u;

    bitmap[n >> 3] = (uint8_t)(bitmap[n >> 3] | mask);
    return before;
}

/* Neuron number of a site in an extent of `width` columns and `channels` channels. */
static inline uint32_t sast_neuron_index(sast_site_t at, uint16_t width, uint16_t channels)
{
    return ((uint32_t)at.y * width + at.x) * channels + at.c;
}

/* Starts a step if none is running: last step's counters go to 0. */
void sast_open_step(sast_context_t *context);

/* Brings a spike to layer `index`: through pools and flatten to the next weighted layer, where it is added up.
   A spike of the last layer goes nowhere. */
void sast_deliver(sast_context_t *context, uint16_t index, sast_site_t at);

/* One spike's weights, added to the membranes it reaches. */
void sast_conv2d_add(sast_context_t *context, const sast_layer_t *layer, sast_site_t at);
void sast_linear_add(sast_context_t *context, const sast_layer_t *layer, sast_site_t at);

/* The layer's own spikes of the last step, added to its membranes and forgotten. */
void sast_recurrent_add(sast_context_t *context, const sast_layer_t *layer);

/* Every neuron of weighted layer `index` once; its spikes are delivered at once. */
void sast_sweep(sast_context_t *context, uint16_t index);

#endif /* SAST_INTERNAL_H */
