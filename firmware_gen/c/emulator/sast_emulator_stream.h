/* SPDX-License-Identifier: 0BSD */
/*
 * sast_emulator_stream.h: what is called from outside where an emulated core has a stream.
 */
#ifndef SAST_EMULATOR_STREAM_H
#define SAST_EMULATOR_STREAM_H

#include <stdint.h>

#include "sast_stream.h"

/* Once. windows: a sast_windows_t. A sast_status_t. */
uint32_t sast_emulator_stream_init(uint32_t windows, uint32_t reach_us);

/* Start of a recording. From here on a sast_stream_status_t. */
uint32_t sast_emulator_stream_restart(void);

/* A recording's `count` events, from the first on that was not taken yet, until a step is computed or all are taken. */
uint32_t sast_emulator_stream_push(const sast_stream_event_t *events, uint32_t count);

/* All events before now_us were pushed: one step at most. */
uint32_t sast_emulator_stream_advance(uint32_t now_us);

/* The complete window, or in running state the last step. outputs: [classes]; counters: SynOps and spikes, [weighted layers][2]. */
uint32_t sast_emulator_stream_result(uint32_t *class_index, int32_t *outputs, uint64_t *counters);

#endif /* SAST_EMULATOR_STREAM_H */
