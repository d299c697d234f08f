/* SPDX-License-Identifier: 0BSD */
/*
 * sast_context.c: setting up, resetting and reading a context.
 */
#include "sast_arithmetic.h"
#include "sast_internal.h"
#include "sast_lanes.h"

/* The layout that the memory types of generated models rely on. */
typedef char sast_requires_packed_counters[sizeof(sast_counters_t) == 24u ? 1 : -1];
typedef char sast_requires_packed_window[sizeof(sast_window_t) == 4u ? 1 : -1];

/* What a memory type is aligned to: its counters hold the widest type. 8 bytes, or less where the ABI asks for less. */
typedef struct {
    char first;
    sast_counters_t counters;
} counters_after_char_t;
#define MEMORY_ALIGNMENT offsetof(counters_after_char_t, counters)

static void clear(uint8_t *bytes, uint32_t size)
{
    uint32_t i;

    for (i = 0; i < size; ++i) {
        bytes[i] = 0;
    }
}

/* The membranes of one cell at the start of a recording. */
static void reset_cell(const sast_layer_t *layer, uint32_t *cell)
{
    uint32_t i;

    for (i = 0; i < layer->cell_words; ++i) {
        cell[i] = layer->neuron.fire != NULL ? sast_from_table(layer->initial[i]) : layer->initial[i];
    }
}

/* Membranes are kept leaked between steps, so that events can be added straight into them. */
static void reset_membranes(sast_context_t *context, const sast_layer_t *layer)
{
    uint32_t *membranes = sast_words(context, layer->membranes);
    uint32_t cell;

    if (layer->reach != NULL) {
        uint32_t *idle = sast_words(context, layer->idle);

        *idle = layer->cells;
        reset_cell(layer, sast_idle_cell(layer, idle));
        return;
    }
    reset_cell(layer, membranes);
    for (cell = 1; cell < layer->cells; ++cell) {
        sast_copy(membranes + cell * layer->cell_words, membranes, layer->cell_words);
    }
}

/* Before the first step, an integrator's output is its initial membrane. */
static void reset_outputs(sast_context_t *context)
{
    const sast_model_t *model = context->model;
    int32_t *outputs = (int32_t *)sast_memory(context, model->outputs);
    uint16_t i;

    if (model->first_outputs != NULL) {
        for (i = 0; i < model->class_count; ++i) {
            outputs[i] = model->first_outputs[i];
        }
    }
}

static void reset(sast_context_t *context)
{
    static const sast_lost_t nothing = {0, 0};
    uint16_t i;

    sast_set_state(context, SAST_BUSY);
    context->lost = nothing;
    clear(context->memory, context->model->memory_bytes);
    for (i = 0; i < context->model->layer_count; ++i) {
        if (sast_is_weighted(&context->model->layers[i])) {
            reset_membranes(context, &context->model->layers[i]);
        }
    }
    reset_outputs(context);
    context->steps = 0;
    context->seen = NULL;
    sast_set_state(context, SAST_CLOSED);
}

#ifdef SAST_IN_FLASH

/* Whether both ends of the tables can be read: a pointer into flash has 16 bits, and nothing else tells of tables that lie
   beyond the first 64 KB. */
static bool is_in_reach(const sast_model_t *model)
{
    const sast_layer_t *last = &model->layers[model->layer_count];

    return last->input_words == SAST_FLASH_MARK && *last->weight == SAST_FLASH_MARK;
}

#endif

sast_status_t sast_init(sast_context_t *context, const sast_model_t *model, void *memory, size_t size)
{
    static const sast_observer_t no_observer = {NULL, NULL, NULL, NULL};

    if (context == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    context->mark = 0; /* not ready, whatever the memory held, until everything is checked */
    if (model == NULL || memory == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    if (model->table_version != SAST_TABLE_VERSION) {
        return SAST_ERR_MODEL;
    }
#ifdef SAST_IN_FLASH
    if (!is_in_reach(model)) {
        return SAST_ERR_MODEL;
    }
#endif
    if (size < model->memory_bytes || ((uintptr_t)memory & (MEMORY_ALIGNMENT - 1u)) != 0u) {
        return SAST_ERR_MEMORY;
    }
    context->model = model;
    context->memory = (uint8_t *)memory;
    context->observer = no_observer;
    context->event_limit = 0;
    reset(context);
    return SAST_OK;
}

sast_status_t sast_reset(sast_context_t *context)
{
    const sast_status_t status = sast_may_change(context);

    if (status == SAST_OK) {
        reset(context);
    }
    return status;
}

sast_status_t sast_result(const sast_context_t *context, uint16_t *class_index, int32_t *outputs)
{
    const int32_t *values;
    uint16_t best = 0;
    uint16_t i;

    if (!sast_ready(context) || class_index == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    values = (const int32_t *)sast_memory(context, context->model->outputs);
    for (i = 0; i < context->model->class_count; ++i) {
        if (values[i] > values[best]) {
            best = i;
        }
        if (outputs != NULL) {
            outputs[i] = values[i];
        }
    }
    *class_index = best;
    return SAST_OK;
}

sast_status_t sast_counters(const sast_context_t *context, uint16_t layer, sast_counters_t *counters)
{
    if (!sast_ready(context) || counters == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    if (layer >= context->model->layer_count || !sast_is_weighted(&context->model->layers[layer])) {
        return SAST_ERR_RANGE;
    }
    *counters = *sast_counters_of(context, &context->model->layers[layer]);
    return SAST_OK;
}

uint32_t sast_steps(const sast_context_t *context)
{
    return sast_ready(context) ? context->steps : 0u;
}

sast_status_t sast_set_observer(sast_context_t *context, const sast_observer_t *observer)
{
    static const sast_observer_t no_observer = {NULL, NULL, NULL, NULL};
    const sast_status_t status = sast_may_change(context);

    if (status == SAST_OK) {
        context->observer = observer != NULL ? *observer : no_observer;
    }
    return status;
}

sast_status_t sast_set_event_limit(sast_context_t *context, uint32_t most)
{
    const sast_status_t status = sast_may_change(context);

    if (status == SAST_OK) {
        context->event_limit = most;
    }
    return status;
}

sast_status_t sast_lost(const sast_context_t *context, sast_lost_t *lost)
{
    if (!sast_ready(context) || lost == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    *lost = context->lost;
    return SAST_OK;
}

const char *sast_status_name(sast_status_t status)
{
    switch (status) {
    case SAST_OK:
        return "SAST_OK";
    case SAST_ERR_ARGUMENT:
        return "SAST_ERR_ARGUMENT";
    case SAST_ERR_MODEL:
        return "SAST_ERR_MODEL";
    case SAST_ERR_MEMORY:
        return "SAST_ERR_MEMORY";
    case SAST_ERR_RANGE:
        return "SAST_ERR_RANGE";
    case SAST_ERR_BUSY:
        return "SAST_ERR_BUSY";
    case SAST_ERR_OVERLOAD:
        return "SAST_ERR_OVERLOAD";
    default:
        return "unknown status";
    }
}
