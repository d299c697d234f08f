/*
 * sast_host.c: recordings in, traces out, on a computer. It runs the same library and tables as the device.
 *
 * All numbers are little-endian. Standard input, for every recording:
 *     uint32 steps; per step: uint32 events, then per event uint16 x, uint16 y, uint8 polarity (sensor coordinates)
 * Standard output, once:
 *     8 bytes "SASTHOST", uint32 version (1), 32 bytes model hash
 * and for every recording:
 *     per step: the bytes that the step's CRC covers (per weighted layer: per neuron int32 membrane, uint8 spike;
 *               then uint32 SynOps, uint32 spikes), then uint32 CRC
 *     int32 [classes] outputs, uint32 class, and per weighted layer uint64 total SynOps, uint64 total spikes
 */
#include "sast_host.h"

#include <stdio.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

#include "sast_crc.h"

#define HOST_VERSION 1u
#define EVENT_BYTES 5u
#define BUFFER_BYTES 65536u
#define LARGEST_WRITE 8u

/* One run of the program. */
typedef struct {
    sast_context_t net;
    sast_step_crc_t crc;
    int32_t *outputs; /* [classes] */
    size_t filled;    /* bytes of the buffer in use */
    uint8_t buffer[BUFFER_BYTES];
} host_t;

static int fail(const char *what)
{
    fprintf(stderr, "sast_host: %s\n", what);
    return 1;
}

static void flush(host_t *host)
{
    (void)fwrite(host->buffer, 1, host->filled, stdout); /* an error stays set on the stream; the end looks at it */
    (void)fflush(stdout);
    host->filled = 0;
}

/* The low `bytes` (up to LARGEST_WRITE) bytes of value, lowest first. */
static void put(host_t *host, uint64_t value, unsigned bytes)
{
    unsigned i;

    if (host->filled + LARGEST_WRITE > BUFFER_BYTES) {
        flush(host);
    }
    for (i = 0; i < bytes; ++i) {
        host->buffer[host->filled + i] = (uint8_t)((value >> (8u * i)) & 0xFFu);
    }
    host->filled += bytes;
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

static void on_step_begin(void *user)
{
    sast_step_crc_begin(&((host_t *)user)->crc);
}

static void on_neuron(void *user, uint16_t layer, uint32_t neuron, int32_t membrane, uint8_t spike)
{
    host_t *host = (host_t *)user;

    (void)layer;
    (void)neuron;
    put(host, (uint32_t)membrane | (uint64_t)spike << 32, 5);
    sast_step_crc_neuron(&host->crc, membrane, spike);
}

static void on_layer_end(void *user, uint16_t layer, const sast_counters_t *counters)
{
    host_t *host = (host_t *)user;

    (void)layer;
    put(host, counters->synops, 4);
    put(host, counters->spikes, 4);
    sast_step_crc_layer(&host->crc, counters);
}

static int run_step(host_t *host)
{
    uint32_t events;
    uint32_t i;

    if (!get32(&events)) {
        return fail("the input ends inside a recording");
    }
    for (i = 0; i < events; ++i) {
        uint8_t e[EVENT_BYTES];

        if (fread(e, 1, sizeof e, stdin) != sizeof e) {
            return fail("the input ends inside a step");
        }
        if (sast_push(&host->net, (uint16_t)(e[0] | e[1] << 8), (uint16_t)(e[2] | e[3] << 8), e[4]) != SAST_OK) {
            return fail("an event is outside the model's sensor");
        }
    }
    if (sast_step(&host->net) != SAST_OK) {
        return fail("a step was refused");
    }
    put(host, sast_step_crc_value(&host->crc), 4);
    return 0;
}

static int put_results(host_t *host)
{
    const sast_model_t *model = host->net.model;
    sast_counters_t counters;
    uint16_t answer;
    uint16_t i;

    if (sast_result(&host->net, &answer, host->outputs) != SAST_OK) {
        return fail("the result was refused");
    }
    for (i = 0; i < model->class_count; ++i) {
        put(host, (uint32_t)host->outputs[i], 4);
    }
    put(host, answer, 4);
    for (i = 0; i < model->layer_count; ++i) {
        if (sast_counters(&host->net, i, &counters) == SAST_OK) {
            put(host, counters.total_synops, 8);
            put(host, counters.total_spikes, 8);
        }
    }
    flush(host); /* the reader waits for whole recordings */
    return 0;
}

static int run_recording(host_t *host, uint32_t steps)
{
    uint32_t i;

    if (sast_reset(&host->net) != SAST_OK) {
        return fail("the reset was refused");
    }
    for (i = 0; i < steps; ++i) {
        if (run_step(host) != 0) {
            return 1;
        }
    }
    return put_results(host);
}

static void put_header(host_t *host)
{
    static const char magic[] = "SASTHOST";
    unsigned i;

    for (i = 0; i < 8u; ++i) {
        put(host, (uint8_t)magic[i], 1);
    }
    put(host, HOST_VERSION, 4);
    for (i = 0; i < 32u; ++i) {
        put(host, host->net.model->hash[i], 1);
    }
    flush(host);
}

int sast_host_run(const sast_model_t *model, void *memory, size_t memory_size, int32_t *outputs)
{
    static host_t host; /* too large for some stacks */
    const sast_observer_t observer = {&host, on_step_begin, on_neuron, on_layer_end};
    const sast_status_t status = sast_init(&host.net, model, memory, memory_size);
    uint32_t steps;

#ifdef _WIN32
    (void)_setmode(_fileno(stdin), _O_BINARY);
    (void)_setmode(_fileno(stdout), _O_BINARY);
#endif
    if (status != SAST_OK) {
        return fail(sast_status_name(status));
    }
    (void)sast_set_observer(&host.net, &observer);
    host.outputs = outputs;
    host.filled = 0;
    put_header(&host);
    while (get32(&steps)) {
        if (run_recording(&host, steps) != 0) {
            return 1;
        }
    }
    return ferror(stdout) ? fail("the output cannot be written") : 0;
}
