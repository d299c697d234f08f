/* SPDX-License-Identifier: 0BSD */
/*
 * sast_emulator.c: a model on an emulated core, where a debugger calls these functions one by one and reads the memory.
 *
 * Compiled with SAST_EMULATOR_HEADER, _MODEL and _MEMORY naming the model's header, its sast_model_t and its memory
 * type. No start-up code: whoever loads the program has cleared the memory and set the stack pointer.
 */
#include SAST_EMULATOR_HEADER

#include "sast_emulator.h"
#include "sast_trace.h"

static SAST_EMULATOR_MEMORY memory[2];
static sast_trace_t trace;
static uint32_t written;

/* The buffer holds whatever one call writes; a second flush in one call would be too much. */
static void note(void *user, const uint8_t *bytes, size_t size)
{
    (void)user;
    (void)bytes;
    written += (uint32_t)size;
}

uint32_t sast_emulator_init(uint8_t *buffer, uint32_t size, int32_t *outputs)
{
    const sast_trace_memory_t parts = {&memory[0], &memory[1], sizeof memory[0], outputs};
    sast_trace_sink_t sink = {NULL, note, NULL, 0};

    sink.buffer = buffer;
    sink.size = size;
    return (uint32_t)sast_trace_init(&trace, &SAST_EMULATOR_MODEL, &parts, &sink);
}

const uint8_t *sast_emulator_hash(void)
{
    return SAST_EMULATOR_MODEL.hash;
}

uint32_t sast_emulator_reset(void)
{
    return (uint32_t)sast_trace_reset(&trace);
}

uint32_t sast_emulator_step(const uint8_t *events, uint32_t count)
{
    sast_status_t status = sast_trace_push(&trace, events, count);

    written = 0;
    if (status == SAST_OK) {
        status = sast_trace_step(&trace);
        sast_trace_flush(&trace);
    }
    return (uint32_t)status;
}

uint32_t sast_emulator_result(void)
{
    written = 0;
    return (uint32_t)sast_trace_result(&trace);
}

uint32_t sast_emulator_written(void)
{
    return written;
}

uint32_t sast_emulator_quiet_push(const uint8_t *events, uint32_t count)
{
    sast_status_t status = SAST_OK;
    uint32_t i;

    for (i = 0; i < count && status == SAST_OK; ++i) {
        const uint8_t *e = events + 5u * i;

        status = sast_push(&trace.quiet, (uint16_t)(e[0] | e[1] << 8), (uint16_t)(e[2] | e[3] << 8), e[4]);
    }
    return (uint32_t)status;
}

uint32_t sast_emulator_quiet_step(void)
{
    return (uint32_t)sast_step(&trace.quiet);
}

uint32_t sast_emulator_quiet_decided(void)
{
#ifdef SAST_EARLY
    return sast_decided(&trace.quiet);
#else
    return 0;
#endif /* SAST_EARLY */
}

sast_context_t *sast_emulator_quiet_context(void)
{
    return &trace.quiet;
}
