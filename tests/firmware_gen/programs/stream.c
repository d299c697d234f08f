/* Streams on model "a", told what to do by lines on standard input; says on standard output what happened.
       init LANES WINDOWS REACH        a new stream on freshly reset lanes
       push COUNT                      then COUNT lines "t x y polarity", as one burst
       advance T | start T | restart | result | behind T
       end                             prints the counts and "." and flushes
   A call that computes a step prints "step" and, for each lane that runs, "/ its steps, its CRC"; a decision adds its
   window. Late and outside events are told by their number, counted over all pushes since init. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "a_model.h"
#include "sast_crc.h"
#include "sast_stream.h"

#define MOST_LANES 8
#define MOST_EVENTS 4096

static a_memory_t memory[MOST_LANES];
static sast_context_t lanes[MOST_LANES];
static sast_step_crc_t crcs[MOST_LANES];
static sast_stream_event_t events[MOST_EVENTS];
static sast_stream_t stream;
static unsigned lane_count;
static unsigned long pushed;

static void say_result(void)
{
    sast_decision_t decision;
    int32_t outputs[A_MODEL_CLASSES];
    unsigned i;

    if (sast_stream_result(&stream, &decision, outputs) != SAST_STREAM_OK) {
        printf("no result\n");
        return;
    }
    printf("result %" PRIu32 " %" PRIu32 " %u %u", decision.start_us, decision.steps, decision.lane,
           decision.class_index);
    for (i = 0; i < A_MODEL_CLASSES; ++i) {
        printf(" %" PRId32, outputs[i]);
    }
    printf("\n");
}

/* Tells whether the call has to be repeated. */
static int say(sast_stream_status_t status)
{
    unsigned i;

    switch (status) {
    case SAST_STREAM_STEP:
    case SAST_STREAM_DECISION:
        printf("step");
        for (i = 0; i < lane_count; ++i) {
            if (sast_steps(&lanes[i]) != 0u) {
                printf(" / %" PRIu32 " %08" PRIx32, sast_steps(&lanes[i]), sast_step_crc_value(&crcs[i]));
            }
        }
        printf("\n");
        if (status == SAST_STREAM_DECISION) {
            say_result();
        }
        return 1;
    case SAST_STREAM_LATE:
    case SAST_STREAM_OUTSIDE:
        printf("%s %lu\n", status == SAST_STREAM_LATE ? "late" : "outside", pushed - 1u);
        return 1;
    case SAST_STREAM_RESTARTED:
        printf("restarted %lu\n", pushed);
        return 1;
    case SAST_STREAM_OK:
        return 0;
    default:
        printf("%s\n", sast_stream_status_name(status));
        return 0;
    }
}

static void init(unsigned count, unsigned windows, uint32_t reach)
{
    sast_status_t status;
    unsigned i;

    lane_count = count;
    pushed = 0;
    for (i = 0; i < count; ++i) {
        (void)sast_init(&lanes[i], &a_model, &memory[i], sizeof memory[i]);
        (void)sast_step_crc_attach(&lanes[i], &crcs[i]);
    }
    status = sast_stream_init(&stream, lanes, (uint16_t)count, (sast_windows_t)windows, reach);
    if (status != SAST_OK) {
        printf("%s\n", sast_status_name(status));
    }
}

static void push(size_t count)
{
    size_t done = 0;
    size_t i;

    for (i = 0; i < count; ++i) {
        unsigned long t;
        unsigned x;
        unsigned y;
        unsigned polarity;

        if (scanf("%lu %u %u %u", &t, &x, &y, &polarity) != 4) {
            return;
        }
        events[i].t_us = (uint32_t)t;
        events[i].x = (uint16_t)x;
        events[i].y = (uint16_t)y;
        events[i].polarity = (uint8_t)polarity;
    }
    do {
        size_t taken = 0;
        const sast_stream_status_t status = sast_stream_push(&stream, events + done, count - done, &taken);

        done += taken;
        pushed += taken;
        (void)say(status);
        if (status == SAST_STREAM_OK && done != count) {
            printf("said all was taken\n");
            return;
        }
    } while (done != count);
}

int main(void)
{
    static char buffer[1 << 20]; /* all that a case says, so that neither side waits for the other */
    char verb[16];

    (void)setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    while (scanf("%15s", verb) == 1) {
        unsigned long value = 0;
        unsigned windows = 0;
        unsigned count = 0;

        if (strcmp(verb, "init") == 0 && scanf("%u %u %lu", &count, &windows, &value) == 3 && count <= MOST_LANES) {
            init(count, windows, (uint32_t)value);
        } else if (strcmp(verb, "push") == 0 && scanf("%lu", &value) == 1 && value <= MOST_EVENTS) {
            push(value);
        } else if (strcmp(verb, "advance") == 0 && scanf("%lu", &value) == 1) {
            while (say(sast_stream_advance(&stream, (uint32_t)value)) != 0) {
            }
        } else if (strcmp(verb, "start") == 0 && scanf("%lu", &value) == 1) {
            (void)say(sast_stream_start(&stream, (uint32_t)value));
        } else if (strcmp(verb, "restart") == 0) {
            (void)say(sast_stream_restart(&stream));
        } else if (strcmp(verb, "result") == 0) {
            say_result();
        } else if (strcmp(verb, "behind") == 0 && scanf("%lu", &value) == 1) {
            printf("behind %" PRIu32 "\n", sast_stream_behind_us(&stream, (uint32_t)value));
        } else if (strcmp(verb, "end") == 0) {
            const sast_stream_counts_t counts = sast_stream_counts(&stream);

            printf("counts %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n.\n", counts.decisions, counts.late,
                   counts.outside, counts.restarts);
            (void)fflush(stdout);
        } else {
            printf("what is %s?\n.\n", verb);
            return 1;
        }
    }
    return 0;
}
