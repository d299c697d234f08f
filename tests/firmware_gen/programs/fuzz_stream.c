/* libFuzzer: any calls of a stream, by any events. The bytes say how the stream is set up and what is called; whatever
   they are, every call takes an event, computes a step or restarts, and what it says agrees with what it counts. */
#include <stdlib.h>

#include "a_model.h"
#include "sast_stream.h"

#define LANES 3u /* of small_model's three steps */
#define BURST 8u
#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            abort(); \
        } \
    } while (0)

typedef struct {
    const uint8_t *at;
    size_t left;
} input_t;

static a_memory_t memory[LANES];
static sast_context_t lanes[LANES];
static sast_stream_t stream;
static sast_stream_counts_t said;
static sast_windows_t windows;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get(input_t *input, unsigned bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0u && input->left > 0u) {
        value = value << 8 | *input->at++;
        --input->left;
    }
    return value;
}

static void setup(input_t *input)
{
    const uint32_t choice = get(input, 1);
    const uint16_t count = (choice & 1u) != 0u ? LANES : 1u;
    unsigned i;

    windows = count != 1u || (choice & 6u) == 0u ? SAST_WINDOWS_BACK_TO_BACK
              : (choice & 4u) != 0u              ? SAST_RUNNING_STATE
                                                 : SAST_WINDOWS_ON_EVENT;
    for (i = 0; i < count; ++i) {
        EXPECT(sast_init(&lanes[i], &a_model, &memory[i], sizeof memory[i]) == SAST_OK);
    }
    EXPECT(sast_stream_init(&stream, lanes, count, windows, A_MODEL_DT_US * (1u + (choice >> 4))) == SAST_OK);
    said.decisions = said.late = said.outside = said.restarts = 0;
}

static void note(sast_stream_status_t status)
{
    sast_decision_t decision;

    EXPECT(status != SAST_STREAM_ERROR);
    EXPECT(sast_stream_result(&stream, &decision, NULL) == SAST_STREAM_OK);
    EXPECT(decision.class_index < A_MODEL_CLASSES);
    if (windows == SAST_RUNNING_STATE) {
        EXPECT(status != SAST_STREAM_STEP);
    } else {
        EXPECT(decision.steps <= A_MODEL_STEPS);
        EXPECT(status != SAST_STREAM_DECISION || decision.steps == A_MODEL_STEPS);
    }
    said.decisions += status == SAST_STREAM_DECISION ? 1u : 0u;
    said.late += status == SAST_STREAM_LATE ? 1u : 0u;
    said.outside += status == SAST_STREAM_OUTSIDE ? 1u : 0u;
    said.restarts += status == SAST_STREAM_RESTARTED ? 1u : 0u;
}

/* At most 16 steps (the reach) and a restart for each event. */
static void push(const sast_stream_event_t *events, size_t count)
{
    unsigned calls = 0;
    size_t done = 0;

    while (done < count) {
        size_t taken = count + 1u;
        const sast_stream_status_t status = sast_stream_push(&stream, &events[done], count - done, &taken);

        EXPECT(taken <= count - done);
        EXPECT(status != SAST_STREAM_OK || taken == count - done);
        done += taken;
        note(status);
        EXPECT(++calls <= 20u * BURST);
    }
}

static void advance(uint32_t now)
{
    sast_stream_status_t status;
    unsigned calls = 0;

    do {
        status = sast_stream_advance(&stream, now);
        note(status);
        EXPECT(++calls <= 20u);
    } while (status != SAST_STREAM_OK);
    EXPECT(sast_stream_behind_us(&stream, now) < A_MODEL_DT_US);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input = {data, size};
    sast_stream_event_t events[BURST];
    sast_stream_counts_t counts;
    uint32_t clock = 0;
    size_t held = 0;

    setup(&input);
    while (input.left > 0u) {
        const uint32_t verb = get(&input, 1);

        if ((verb & 0x80u) != 0u) {
            clock = get(&input, 4);
        } else {
            clock += get(&input, 2) - ((verb & 0x40u) != 0u ? 0x8000u : 0u);
        }
        if ((verb & 7u) == 7u) {
            push(events, held);
            held = 0;
            advance(clock);
        } else if ((verb & 7u) == 6u) {
            EXPECT(sast_stream_start(&stream, clock) == SAST_STREAM_OK);
            ++said.restarts;
        } else {
            const uint32_t place = get(&input, 1);

            events[held].t_us = clock;
            events[held].x = (uint16_t)(place & 7u); /* the sensor is 4 x 4 */
            events[held].y = (uint16_t)((place >> 3) & 7u);
            events[held].polarity = (uint8_t)(place >> 6);
            if (++held == BURST) {
                push(events, held);
                held = 0;
            }
        }
    }
    push(events, held);
    counts = sast_stream_counts(&stream);
    EXPECT(counts.decisions == said.decisions && counts.late == said.late && counts.outside == said.outside
           && counts.restarts == said.restarts);
    return 0;
}
