/* SPDX-License-Identifier: 0BSD */
/*
 * sast_internal.h: what the library's files share; not for users.
 */
#ifndef SAST_INTERNAL_H
#define SAST_INTERNAL_H

#include <stdbool.h>

#include "sast.h"

#define SAST_BLOCK_WORDS 4u /* membrane words that a narrow sweep takes at once */
#define SAST_BLOCK_LANES 8u

/* States of a context: its mark, less its own address. All others: before sast_init. */
#define SAST_OPEN 0u    /* the step has an event, and takes more */
#define SAST_LIMITED 1u /* the same, and it counts them */
#define SAST_CLOSED 2u  /* no event since the last step */
#define SAST_BUSY 3u    /* a step or a reset is under way */

static inline uintptr_t sast_state(const sast_context_t *context)
{
    return context->mark - (uintptr_t)context;
}

static inline void sast_set_state(sast_context_t *context, uintptr_t state)
{
    context->mark = (uintptr_t)context + state;
}

static inline bool sast_ready(const sast_context_t *context)
{
    return context != NULL && sast_state(context) <= SAST_BUSY;
}

/* Whether a call that changes something may go on. */
static inline sast_status_t sast_may_change(const sast_context_t *context)
{
    if (!sast_ready(context)) {
        return SAST_ERR_ARGUMENT;
    }
    return sast_state(context) == SAST_BUSY ? SAST_ERR_BUSY : SAST_OK;
}

static inline void sast_increment(uint32_t *counter)
{
    if (*counter != UINT32_MAX) {
        ++*counter;
    }
}

/* What an AVR must read at both ends of a model's tables, in flash: in the last descriptor, and before the first table.
   Compilers lay them out in the order of the file, or the other way round. */
#define SAST_FLASH_MARK 0x54534153u

static inline bool sast_is_weighted(const sast_layer_t *layer)
{
    return layer->kind <= SAST_RECURRENT_LINEAR;
}

/* Working memory at an offset; the model's memory type gives every part its alignment. */
static inline void *sast_memory(const sast_context_t *context, uint32_t offset)
{
    return context->memory + offset;
}

static inline uint32_t *sast_words(const sast_context_t *context, uint32_t offset)
{
    return (uint32_t *)sast_memory(context, offset);
}

static inline sast_counters_t *sast_counters_of(const sast_context_t *context, const sast_layer_t *layer)
{
    return (sast_counters_t *)sast_memory(context, layer->counters);
}

/* Sets bit n; tells whether it was set before. */
static inline bool sast_test_and_set(uint32_t *bitmap, uint32_t n)
{
    const uint32_t mask = (uint32_t)1u << (n & 31u);
    const uint32_t before = bitmap[n >> 5];
    const bool set = (before & mask) != 0u;

    if (!set) {
        bitmap[n >> 5] = before | mask;
    }
    return set;
}

/* Whether bit n is set. */
static inline bool sast_is_set(const uint32_t *bitmap, uint32_t n)
{
    return (bitmap[n >> 5] >> (n & 31u) & 1u) != 0u;
}

/* How many bits are set. */
static inline uint32_t sast_count(uint32_t bits)
{
    bits -= bits >> 1 & 0x55555555u;
    bits = (bits & 0x33333333u) + (bits >> 2 & 0x33333333u);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0Fu;
    return bits * 0x01010101u >> 24;
}

static inline uint32_t sast_place(uint32_t row, uint32_t column)
{
    return row << 16 | column;
}

static inline uint32_t sast_row(uint32_t place)
{
    return place >> 16;
}

static inline uint32_t sast_column(uint32_t place)
{
    return place & 0xFFFFu;
}

/* A spike of `layer`, or one that it lets through, goes to the next. */
static inline void sast_pass_on(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_layer_t *next = layer + 1;

    next->receive(context, next, place, channel);
}

/* A neuron is shown to the observer, if there is one for neurons. */
static inline void sast_show(const sast_context_t *context, const sast_layer_t *layer, uint32_t neuron, int32_t membrane,
                             bool spike)
{
    if (context->observer.neuron != NULL) {
        context->observer.neuron(context->observer.user, (uint16_t)(layer - context->model->layers), neuron, membrane,
                                 spike ? 1u : 0u);
    }
}

/* Whether an event lies outside the sensor, or has no polarity. */
static inline bool sast_is_outside(const sast_model_t *model, uint16_t x, uint16_t y, uint8_t polarity)
{
    return x >= model->sensor_width || y >= model->sensor_height || polarity > 1u;
}

/* Where in the first layer's input an event inside lies. */
static inline uint32_t sast_input_place(const sast_model_t *model, uint16_t x, uint16_t y)
{
    return sast_place((uint32_t)y >> model->shift, (uint32_t)x >> model->shift);
}

/* The number of its input: that of its bit (or byte) among those that had an event. */
static inline uint32_t sast_input(const sast_model_t *model, uint16_t x, uint16_t y, uint8_t polarity)
{
    return (((uint32_t)y >> model->shift) * model->width + ((uint32_t)x >> model->shift)) * 2u + polarity;
}

/* Starts a step: last step's counters go to 0. */
void sast_open_step(sast_context_t *context);

/* An event that does not simply join a step: the first one, under a limit, or refused. */
sast_status_t sast_push_apart(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity);

/* Takes an event of an open step without a limit, or says that it lies outside: where an input counts once in a step; the
   same where coordinates are not shifted and the first layer is of sast_conv2d_8; where it counts more than once. */
sast_status_t sast_push_once(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity);
sast_status_t sast_push_conv2d_8(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity);
sast_status_t sast_push_counts(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity);

/* Where sast_conv2d_8 starts a run of so many quads, from the end of its chain: the first half-word; where it goes on once
   what is left over of four quads is done: the second. In bytes of its code. */
#define SAST_LINK_BYTES 44u
#define SAST_REST_BYTES 40u
#define SAST_TO_CHAIN(quads) (1u - (uint32_t)(quads) / 4u * SAST_LINK_BYTES) /* 1: the bit that says Thumb */
#define SAST_RUN_ENTRY(quads) \
    (((quads) % 4u == 0u ? SAST_TO_CHAIN(quads) & 0xFFFFu : (quads) % 4u * SAST_REST_BYTES + 1u) \
     | SAST_TO_CHAIN(quads) << 16)

/* What takes a spike, by kind of layer; convolutions whose rows of weights of 8 bits adjoin, whose rows of others do, and
   all others. */
void sast_conv2d_8(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_conv2d_joined(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_conv2d(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_conv2d_idle(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_linear(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_linear_packed(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_note(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_or_pool_noted(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_or_pool(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_sum_pool(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_flatten(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);
void sast_output(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);

/* Adding weights: into narrow membranes, by width of packed weight; into wide ones, of 8 bits without a shift, and any. */
void sast_add_1(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs);
void sast_add_2(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs);
void sast_add_4(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs);
void sast_add_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs);
void sast_add_wide_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs);
void sast_add_wide(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block, uint32_t runs);

/* Rows of such bytes into `length` membranes: those of 32 whose bit is set, at least one. */
void sast_add_set_8(uint32_t *membranes, const SAST_TABLE uint32_t *weights, uint32_t bits, uint32_t length);

/* What a linear layer has noted, added to its membranes and forgotten: any weights, and those of sast_add_set_8. */
void sast_linear_noted(sast_context_t *context, const sast_layer_t *layer);
void sast_linear_noted_8(sast_context_t *context, const sast_layer_t *layer);

/* Gives all cells that a spike reaches membranes of their own, and lets it go on. */
void sast_touch(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);

/* Whether cell `cell` of a layer with idle cells has membranes of its own. */
static inline bool sast_is_touched(const uint32_t *idle, uint32_t cell)
{
    return (idle[1u + (cell >> 5)] >> (cell & 31u) & 1u) != 0u;
}

/* The membranes that all untouched cells share. */
static inline uint32_t *sast_idle_cell(const sast_layer_t *layer, uint32_t *idle)
{
    return idle + 1u + ((layer->cells + 31u) >> 5);
}

/* Copies words. */
void sast_copy(uint32_t *to, const uint32_t *from, uint32_t words);

/* Sweeps: of narrow membranes that spike, with and without idle cells, of narrow ones of an integrator, of wide ones. */
void sast_sweep(sast_context_t *context, const sast_layer_t *layer);
void sast_sweep_idle(sast_context_t *context, const sast_layer_t *layer);
void sast_sweep_integrator(sast_context_t *context, const sast_layer_t *layer);
void sast_sweep_wide(sast_context_t *context, const sast_layer_t *layer);

/* The inner loop of narrow sweeps: with up to one leak term; with two; and with one of a known shift. */
uint32_t sast_fire_1(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_2(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k1(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k2(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k3(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k4(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k5(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k6(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k7(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k8(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k9(sast_run_t *run, const sast_neuron_t *neuron);
uint32_t sast_fire_k10(sast_run_t *run, const sast_neuron_t *neuron);

/* The layer's own spikes of the last step, added to its membranes and forgotten. */
void sast_recurrent_add(sast_context_t *context, const sast_layer_t *layer);

#endif /* SAST_INTERNAL_H */
