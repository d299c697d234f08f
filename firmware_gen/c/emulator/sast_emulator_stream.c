/* SPDX-License-Identifier: 0BSD */
/*
 * sast_emulator_stream.c: a model behind sast_stream on an emulated core, for counting what a live sensor's steps cost.
 *
 * Compiled beside sast_emulator.c, with the same definitions, where the stream is wanted. Events come in bursts, as
 * examples/live/main.c hands them over.
 */
#include SAST_EMULATOR_HEADER

#include "sast_emulator_stream.h"

#define BURST 64u

static SAST_EMULATOR_MEMORY memory;
static sast_context_t net;
static sast_stream_t stream;
static uint32_t done;

uint32_t sast_emulator_stream_init(uint32_t windows, uint32_t reach_us)
{
    sast_status_t status = sast_init(&net, &SAST_EMULATOR_MODEL, &memory, sizeof memory);

    if (status == SAST_OK) {
        status = sast_stream_init(&stream, &net, 1, (sast_windows_t)windows, reach_us);
    }
    return (uint32_t)status;
}

uint32_t sast_emulator_stream_restart(void)
{
    done = 0;
    return (uint32_t)sast_stream_restart(&stream);
}

uint32_t sast_emulator_stream_push(const sast_stream_event_t *events, uint32_t count)
{
    sast_stream_status_t status = SAST_STREAM_OK;

    while (done < count && status == SAST_STREAM_OK) {
        const uint32_t left = count - done;
        size_t taken = 0;

        status = sast_stream_push(&stream, &events[done], left < BURST ? left : BURST, &taken);
        done += (uint32_t)taken;
    }
    return (uint32_t)status;
}

uint32_t sast_emulator_stream_advance(uint32_t now_us)
{
    return (uint32_t)sast_stream_advance(&stream, now_us);
}

uint32_t sast_emulator_stream_result(uint32_t *class_index, int32_t *outputs, uint64_t *counters)
{
    sast_decision_t decision;
    const sast_stream_status_t status = sast_stream_result(&stream, &decision, outputs);
    sast_counters_t layer;
    uint16_t i;

    if (status == SAST_STREAM_OK) {
        *class_index = decision.class_index;
        for (i = 0; i < SAST_EMULATOR_MODEL.layer_count; ++i) {
            if (sast_counters(&net, i, &layer) == SAST_OK) { /* layers with weights only */
                *counters++ = layer.total_synops;
                *counters++ = layer.total_spikes;
            }
        }
    }
    return (uint32_t)status;
}
