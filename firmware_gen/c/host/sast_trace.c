/* SPDX-License-Identifier: 0BSD */
/*
 * sast_trace.c: everything that happens in a recording, as bytes.
 */
#include "sast_trace.h"

#define EVENT_BYTES 5u
#define LARGEST_PUT 8u

void sast_trace_flush(sast_trace_t *trace)
{
    trace->sink.flush(trace->sink.user, trace->sink.buffer, trace->filled);
    trace->filled = 0;
}

void sast_trace_put(sast_trace_t *trace, uint64_t value, unsigned bytes)
{
    uint8_t *at;
    unsigned i;

    if (trace->filled + LARGEST_PUT > trace->sink.size) {
        sast_trace_flush(trace);
    }
    at = trace->sink.buffer + trace->filled;
    for (i = 0; i < bytes; ++i) {
        at[i] = (uint8_t)(value & 0xFFu);
        value >>= 8;
    }
    trace->filled += bytes;
}

static void on_step_begin(void *user)
{
    sast_step_crc_begin(&((sast_trace_t *)user)->crc);
}

static void on_neuron(void *user, uint16_t layer, uint32_t neuron, int32_t membrane, uint8_t spike)
{
    sast_trace_t *trace = (sast_trace_t *)user;

    (void)layer;
    (void)neuron;
    sast_trace_put(trace, (uint32_t)membrane, 4);
    sast_trace_put(trace, spike, 1);
    sast_step_crc_neuron(&trace->crc, membrane, spike);
}

static void on_layer_end(void *user, uint16_t layer, const sast_counters_t *counters)
{
    sast_trace_t *trace = (sast_trace_t *)user;

    (void)layer;
    sast_trace_put(trace, counters->synops, 4);
    sast_trace_put(trace, counters->spikes, 4);
    sast_step_crc_layer(&trace->crc, counters);
}

sast_status_t sast_trace_init(sast_trace_t *trace, const sast_model_t *model, const sast_trace_memory_t *memory,
                              const sast_trace_sink_t *sink)
{
    sast_observer_t observer = {NULL, on_step_begin, on_neuron, on_layer_end};
    sast_status_t status = sast_init(&trace->observed, model, memory->observed, memory->size);

    observer.user = trace;
    trace->sink = *sink;
    trace->outputs = memory->outputs;
    trace->filled = 0;
    if (status == SAST_OK) {
        status = sast_init(&trace->quiet, model, memory->quiet, memory->size);
    }
    return status == SAST_OK ? sast_set_observer(&trace->observed, &observer) : status;
}

sast_status_t sast_trace_reset(sast_trace_t *trace)
{
    const sast_status_t status = sast_reset(&trace->observed);

#ifdef SAST_EARLY
    trace->over = 0;
#endif /* SAST_EARLY */
    return status == SAST_OK ? sast_reset(&trace->quiet) : status;
}

sast_status_t sast_trace_push(sast_trace_t *trace, const uint8_t *events, uint32_t count)
{
    sast_status_t status = SAST_OK;
    uint32_t i;

#ifdef SAST_EARLY
    if (trace->over != 0u) {
        return SAST_OK;
    }
#endif /* SAST_EARLY */
    for (i = 0; i < count && status == SAST_OK; ++i) {
        const uint8_t *e = events + EVENT_BYTES * i;
        const uint16_t x = (uint16_t)(e[0] | (uint32_t)e[1] << 8);
        const uint16_t y = (uint16_t)(e[2] | (uint32_t)e[3] << 8);

        status = sast_push(&trace->observed, x, y, e[4]);
        if (status == SAST_OK) {
            status = sast_push(&trace->quiet, x, y, e[4]);
        }
    }
    return status;
}

/* What the context without an observer holds after a step. */
static void put_state(sast_trace_t *trace)
{
    const sast_context_t *net = &trace->quiet;
    sast_counters_t counters;
    int32_t membrane;
    uint32_t neuron;
    uint16_t i;

    for (i = 0; i < net->model->layer_count; ++i) {
        for (neuron = 0; sast_membrane(net, i, neuron, &membrane) == SAST_OK; ++neuron) {
            sast_trace_put(trace, (uint32_t)membrane, 4);
        }
        if (sast_counters(net, i, &counters) == SAST_OK) {
            sast_trace_put(trace, counters.synops, 4);
            sast_trace_put(trace, counters.spikes, 4);
        }
    }
}

#ifdef SAST_EARLY
/* As many bytes as a step has: of a step that is not computed. */
static void put_nothing(sast_trace_t *trace)
{
    const sast_context_t *net = &trace->quiet;
    sast_counters_t counters;
    int32_t membrane;
    uint32_t neuron;
    uint16_t i;

    for (i = 0; i < net->model->layer_count; ++i) {
        for (neuron = 0; sast_membrane(net, i, neuron, &membrane) == SAST_OK; ++neuron) {
            sast_trace_put(trace, 0, 5); /* observed, with its spike */
            sast_trace_put(trace, 0, 4);
        }
        if (sast_counters(net, i, &counters) == SAST_OK) {
            sast_trace_put(trace, 0, 8);
            sast_trace_put(trace, 0, 8);
        }
    }
    sast_trace_put(trace, 0, 4); /* CRC */
}

#endif /* SAST_EARLY */
sast_status_t sast_trace_step(sast_trace_t *trace)
{
#ifdef SAST_EARLY
    sast_status_t status;

    if (trace->over != 0u) {
        put_nothing(trace);
        return SAST_OK;
    }
    status = sast_step(&trace->observed);
#else /* SAST_EARLY */
    sast_status_t status = sast_step(&trace->observed);

#endif /* SAST_EARLY */
    sast_trace_put(trace, sast_step_crc_value(&trace->crc), 4);
    if (status == SAST_OK) {
        status = sast_step(&trace->quiet);
    }
    put_state(trace);
#ifdef SAST_EARLY
    trace->over = sast_decided(&trace->quiet);
#endif /* SAST_EARLY */
    return status;
}

static sast_status_t put_end(sast_trace_t *trace, const sast_context_t *net)
{
    const sast_model_t *model = net->model;
    sast_counters_t counters;
    uint16_t answer;
    uint16_t i;
    const sast_status_t status = sast_result(net, &answer, trace->outputs);

    if (status != SAST_OK) {
        return status;
    }
    for (i = 0; i < model->class_count; ++i) {
        sast_trace_put(trace, (uint32_t)trace->outputs[i], 4);
    }
    sast_trace_put(trace, answer, 4);
    for (i = 0; i < model->layer_count; ++i) {
        if (sast_counters(net, i, &counters) == SAST_OK) {
            sast_trace_put(trace, counters.total_synops, 8);
            sast_trace_put(trace, counters.total_spikes, 8);
        }
    }
#ifdef SAST_EARLY
    sast_trace_put(trace, sast_steps(net), 4);
#endif /* SAST_EARLY */
    return SAST_OK;
}

sast_status_t sast_trace_result(sast_trace_t *trace)
{
    sast_status_t status = put_end(trace, &trace->observed);

    if (status == SAST_OK) {
        status = put_end(trace, &trace->quiet);
    }
    sast_trace_flush(trace);
    return status;
}
