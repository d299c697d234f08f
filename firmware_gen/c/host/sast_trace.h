/* SPDX-License-Identifier: 0BSD */
/*
 * sast_trace.h: a recording, step by step, and every byte of what the network makes of it.
 *
 * The same events go into two contexts: one with an observer, which shows every neuron, and one without, which is the
 * path that a device runs. Both are written out, so that both can be compared.
 *
 * All numbers are little-endian. Per step:
 *     the bytes that the step's CRC covers (per weighted layer: per neuron int32 membrane, uint8 spike; then uint32
 *     SynOps, uint32 spikes), then uint32 CRC;
 *     of the context without an observer, per weighted layer: per neuron int32 membrane as kept between steps
 *     (leaked), then uint32 SynOps, uint32 spikes
 * and at the end of a recording, of the observed context and then of the other:
 *     int32 [classes] outputs, uint32 class, and per weighted layer uint64 total SynOps, uint64 total spikes
#ifdef SAST_EARLY
 *     and then uint32 steps computed. Where a recording ends early, the bytes of the steps after it are 0
#endif // SAST_EARLY
 */
#ifndef SAST_TRACE_H
#define SAST_TRACE_H

#include "sast_crc.h"

/* Where the bytes go: flush is called when `buffer` is full, with all that is in it. It holds at least 8 bytes. */
typedef struct {
    void *user;
    void (*flush)(void *user, const uint8_t *bytes, size_t size);
    uint8_t *buffer;
    size_t size;
} sast_trace_sink_t;

/* A model's two memories, each of its memory type, and room for one int32_t per class. */
typedef struct {
    void *observed;
    void *quiet;
    size_t size;
    int32_t *outputs;
} sast_trace_memory_t;

typedef struct {
    sast_context_t observed;
    sast_context_t quiet;
    sast_step_crc_t crc;
    sast_trace_sink_t sink;
    int32_t *outputs;
    size_t filled; /* bytes of the sink's buffer in use */
#ifdef SAST_EARLY
    uint8_t over;  /* 1: the recording ended early, and takes no more */
#endif /* SAST_EARLY */
} sast_trace_t;

/* The trace must stay in place as long as it is used. */
sast_status_t sast_trace_init(sast_trace_t *trace, const sast_model_t *model, const sast_trace_memory_t *memory,
                              const sast_trace_sink_t *sink);

/* Start of a recording. */
sast_status_t sast_trace_reset(sast_trace_t *trace);

/* `count` events of 5 bytes: uint16 x, uint16 y, uint8 polarity, in sensor coordinates. */
sast_status_t sast_trace_push(sast_trace_t *trace, const uint8_t *events, uint32_t count);

/* Ends a step and writes it. */
sast_status_t sast_trace_step(sast_trace_t *trace);

/* Writes the end of a recording, and empties the sink's buffer. */
sast_status_t sast_trace_result(sast_trace_t *trace);

/* The low `bytes` (up to 8) bytes of value, lowest first. */
void sast_trace_put(sast_trace_t *trace, uint64_t value, unsigned bytes);

void sast_trace_flush(sast_trace_t *trace);

#endif /* SAST_TRACE_H */
