/* SPDX-License-Identifier: 0BSD */
/*
 * sast_host.c: recordings in, traces out, on a computer. It runs the same library and tables as the device.
 *
 * All numbers are little-endian. Standard input, for every recording:
 *     uint32 steps; per step: uint32 events, then per event uint16 x, uint16 y, uint8 polarity (sensor coordinates)
 * Standard output, once:
 *     8 bytes "SASTHOST", uint32 version (2), 32 bytes model hash
 * and for every recording what sast_trace.h describes: its steps, then its end.
 */
#include "sast_host.h"

#include <stdio.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

#define HOST_VERSION 2u
#define EVENT_BYTES 5u
#define BUFFER_BYTES 65536u

static int fail(const char *what)
{
    fprintf(stderr, "sast_host: %s\n", what);
    return 1;
}

static void write_out(void *user, const uint8_t *bytes, size_t size)
{
    (void)user;
    (void)fwrite(bytes, 1, size, stdout); /* an error stays set on the stream; the end looks at it */
    (void)fflush(stdout);
}

/* Reads one uint32; 0 at the end of the input. */
static int get32(uint32_t *value)
{
    uint8_t b[4];

    if (fread(b, 1, sizeof b, stdin) != sizeof b) {
        return 0;
    }
    *value = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return 1;
}

static int run_step(sast_trace_t *trace)
{
    uint32_t events;
    uint32_t i;

    if (!get32(&events)) {
        return fail("the input ends inside a recording");
    }
    for (i = 0; i < events; ++i) {
        uint8_t event[EVENT_BYTES];

        if (fread(event, 1, sizeof event, stdin) != sizeof event) {
            return fail("the input ends inside a step");
        }
        if (sast_trace_push(trace, event, 1) != SAST_OK) {
            return fail("an event is outside the model's sensor");
        }
    }
    return sast_trace_step(trace) == SAST_OK ? 0 : fail("a step was refused");
}

static int run_recording(sast_trace_t *trace, uint32_t steps)
{
    uint32_t i;

    if (sast_trace_reset(trace) != SAST_OK) {
        return fail("the reset was refused");
    }
    for (i = 0; i < steps; ++i) {
        if (run_step(trace) != 0) {
            return 1;
        }
    }
    return sast_trace_result(trace) == SAST_OK ? 0 : fail("the result was refused"); /* the reader waits for it */
}

static void put_header(sast_trace_t *trace)
{
    static const char magic[] = "SASTHOST";
    unsigned i;

    for (i = 0; i < 8u; ++i) {
        sast_trace_put(trace, (uint8_t)magic[i], 1);
    }
    sast_trace_put(trace, HOST_VERSION, 4);
    for (i = 0; i < 32u; ++i) {
        sast_trace_put(trace, trace->observed.model->hash[i], 1);
    }
    sast_trace_flush(trace);
}

int sast_host_run(const sast_model_t *model, const sast_trace_memory_t *memory)
{
    static sast_trace_t trace;
    static uint8_t buffer[BUFFER_BYTES]; /* too large for some stacks */
    const sast_trace_sink_t sink = {NULL, write_out, buffer, sizeof buffer};
    const sast_status_t status = sast_trace_init(&trace, model, memory, &sink);
    uint32_t steps;

#ifdef _WIN32
    (void)_setmode(_fileno(stdin), _O_BINARY);
    (void)_setmode(_fileno(stdout), _O_BINARY);
#endif
    if (status != SAST_OK) {
        return fail(sast_status_name(status));
    }
    put_header(&trace);
    while (get32(&steps)) {
        if (run_recording(&trace, steps) != 0) {
            return 1;
        }
    }
    return ferror(stdout) ? fail("the output cannot be written") : 0;
}
