/* The known answers of model a, replayed by the self-test, and again as the trace that a host gets of everything, membranes
   that no observer saw included, of which a CRC is printed after every step. It must print the same on every machine. */
#include <stdio.h>

#include "a_known_answers.h"
#include "a_model.h"
#include "sast_selftest.h"
#include "sast_trace.h"

#ifdef __AVR__
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

static void put(char c)
{
    while ((UCSR0A & (1u << UDRE0)) == 0u) {
    }
    UDR0 = (uint8_t)c;
}

/* The emulator ends where nothing could wake the core. */
static void end(void)
{
    while ((UCSR0A & (1u << UDRE0)) == 0u) {
    }
    cli();
    sleep_enable();
    sleep_cpu();
}
#else
#define put putchar
#define end()
#endif

#define HEADER_BYTES 60u
#define RECORDINGS_AT 44u
#define EVENT_BYTES 5u

static a_memory_t memory[2];
static int32_t outputs[A_MODEL_CLASSES];
static uint8_t buffer[64];
static sast_trace_t trace;
static uint32_t crc = SAST_CRC32_INIT;
static const SAST_TABLE uint8_t *at = a_known_answers;

static void say(uint32_t value)
{
    uint32_t digit;

    for (digit = 0; digit < 8u; ++digit) {
        put("0123456789abcdef"[value >> (28u - 4u * digit) & 15u]);
    }
    put('\n');
}

static void take(void *user, const uint8_t *bytes, size_t size)
{
    (void)user;
    crc = sast_crc32_update(crc, bytes, size);
}

static uint32_t get32(void)
{
    const uint32_t value = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;

    at += 4;
    return value;
}

static void step(void)
{
    uint32_t events;

    for (events = get32(); events > 0u; --events) {
        uint8_t event[EVENT_BYTES];
        uint8_t i;

        for (i = 0; i < EVENT_BYTES; ++i) {
            event[i] = *at++;
        }
        (void)sast_trace_push(&trace, event, 1);
    }
    at += 4; /* the CRC of the step */
    (void)sast_trace_step(&trace);
    sast_trace_flush(&trace);
    say(crc);
}

static void recording(void)
{
    uint32_t steps;

    (void)sast_trace_reset(&trace);
    for (steps = A_MODEL_STEPS; steps > 0u; --steps) {
        step();
    }
    (void)sast_trace_result(&trace);
    at += 16u * a_model.weighted_count + 4u * A_MODEL_CLASSES + 4u;
    say(crc);
}

static void self_test(void)
{
    sast_selftest_report_t report;

    (void)sast_selftest(&a_model, &memory[0], sizeof memory[0], a_known_answers, sizeof a_known_answers, &report);
    say(report.outcome);
    say(report.recordings);
    say(report.recording);
    say(report.step);
    say(report.index);
    say(report.expected);
    say(report.got);
}

int main(void)
{
    const sast_trace_memory_t both = {&memory[0], &memory[1], sizeof memory[0], outputs};
    const sast_trace_sink_t sink = {NULL, take, buffer, sizeof buffer};
    uint32_t recordings;

#ifdef __AVR__
    UCSR0B = 1u << TXEN0;
#endif
    self_test();
    at += RECORDINGS_AT;
    recordings = get32();
    at = a_known_answers + HEADER_BYTES;
    (void)sast_trace_init(&trace, &a_model, &both, &sink);
    for (; recordings > 0u; --recordings) {
        recording();
    }
    end();
    return 0;
}
