/* Every way to call a stream wrongly. Prints the first line that fails; exit code 0 when none does. */
#include <stdio.h>
#include <string.h>

#include "a_model.h"
#include "b_model.h"
#include "sast_stream.h"

#define EXPECT(condition)                                        \
    do {                                                         \
        if (!(condition)) {                                      \
            printf("line %d: %s\n", __LINE__, #condition);       \
            return 1;                                            \
        }                                                        \
    } while (0)

#define REACH (10u * A_MODEL_DT_US)

static a_memory_t memory[2];
static b_memory_t other_memory;
static const sast_stream_event_t event = {5, 0, 0, 1};

static int init(void)
{
    static sast_context_t lanes[2]; /* all 0: before sast_init */
    sast_stream_t stream;

    EXPECT(sast_stream_init(&stream, lanes, 1, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_ERR_ARGUMENT);
    EXPECT(sast_init(&lanes[0], &a_model, &memory[0], sizeof memory[0]) == SAST_OK);
    EXPECT(sast_stream_init(NULL, lanes, 1, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_init(&stream, NULL, 1, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_init(&stream, lanes, 0, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_init(&stream, lanes, 2, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_ERR_ARGUMENT); /* lane 1 */
    EXPECT(sast_init(&lanes[1], &b_model, &other_memory, sizeof other_memory) == SAST_OK);
    EXPECT(sast_stream_init(&stream, lanes, 2, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_ERR_MODEL);
    EXPECT(sast_init(&lanes[1], &a_model, &memory[1], sizeof memory[1]) == SAST_OK);
    EXPECT(A_MODEL_STEPS % 2u == 1u); /* two lanes do not divide it */
    EXPECT(sast_stream_init(&stream, lanes, 2, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_init(&stream, lanes, 2, SAST_WINDOWS_ON_EVENT, REACH) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_init(&stream, lanes, 2, SAST_RUNNING_STATE, REACH) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_init(&stream, lanes, 1, SAST_RUNNING_STATE, REACH) == SAST_ERR_MODEL); /* it counts spikes */
    EXPECT(sast_stream_init(&stream, lanes, 1, (sast_windows_t)3, REACH) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_init(&stream, lanes, 1, SAST_WINDOWS_BACK_TO_BACK, A_MODEL_DT_US - 1u) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_init(&stream, lanes, 1, SAST_WINDOWS_BACK_TO_BACK, 0x80000000u) == SAST_ERR_ARGUMENT);
    EXPECT(sast_stream_restart(&stream) == SAST_STREAM_ERROR); /* a failed init leaves no half-made stream */
    EXPECT(sast_stream_init(&stream, lanes, 1, SAST_WINDOWS_BACK_TO_BACK, 0x7FFFFFFFu) == SAST_OK);
    return 0;
}

static int running(void)
{
    sast_context_t net;
    sast_stream_t stream;
    sast_decision_t decision;
    size_t taken = 7;

    EXPECT(sast_init(&net, &a_model, &memory[0], sizeof memory[0]) == SAST_OK);
    EXPECT(sast_stream_init(&stream, &net, 1, SAST_WINDOWS_ON_EVENT, REACH) == SAST_OK);
    EXPECT(sast_stream_push(NULL, &event, 1, &taken) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_push(&stream, NULL, 1, &taken) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_push(&stream, &event, 1, NULL) == SAST_STREAM_ERROR && taken == 7u);
    EXPECT(sast_stream_push(&stream, NULL, 0, &taken) == SAST_STREAM_OK && taken == 0u);
    EXPECT(sast_stream_advance(NULL, 0) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_start(NULL, 0) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_result(&stream, NULL, NULL) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_result(NULL, &decision, NULL) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_behind_us(NULL, 9) == 0u && sast_stream_behind_us(&stream, 9) == 0u);
    EXPECT(sast_stream_counts(NULL).restarts == 0u);
    EXPECT(sast_stream_result(&stream, &decision, NULL) == SAST_STREAM_OK && decision.steps == 0u);
    EXPECT(sast_stream_push(&stream, &event, 1, &taken) == SAST_STREAM_OK && taken == 1u);
    EXPECT(sast_stream_behind_us(&stream, 9) == 4u && sast_stream_behind_us(&stream, 4) == 0u);
    stream.counts.late = UINT32_MAX; /* stays there */
    EXPECT(sast_stream_advance(&stream, 5u + A_MODEL_DT_US) == SAST_STREAM_STEP);
    EXPECT(sast_stream_push(&stream, &event, 1, &taken) == SAST_STREAM_LATE && taken == 1u);
    EXPECT(sast_stream_counts(&stream).late == UINT32_MAX);
    return 0;
}

/* Every function refuses a stream before its init, whatever it holds, a copy, and one whose lanes are not ready. */
static int refuses(sast_stream_t *stream)
{
    sast_decision_t decision;
    size_t taken = 7;

    EXPECT(sast_stream_push(stream, &event, 1, &taken) == SAST_STREAM_ERROR && taken == 7u);
    EXPECT(sast_stream_advance(stream, 9) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_restart(stream) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_start(stream, 9) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_result(stream, &decision, NULL) == SAST_STREAM_ERROR);
    EXPECT(sast_stream_behind_us(stream, 9) == 0u && sast_stream_counts(stream).restarts == 0u);
    return 0;
}

static int not_ready(void)
{
    static const int fills[] = {0x00, 0x5A, 0xA5, 0xFF};
    sast_context_t net;
    sast_stream_t stream;
    sast_stream_t copy;
    size_t i;

    for (i = 0; i < sizeof fills / sizeof fills[0]; ++i) {
        memset(&net, fills[i], sizeof net);
        memset(&stream, fills[i], sizeof stream);
        EXPECT(refuses(&stream) == 0);
        EXPECT(sast_stream_init(&stream, &net, 1, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_ERR_ARGUMENT);
        EXPECT(refuses(&stream) == 0);
        EXPECT(sast_init(&net, &a_model, &memory[0], sizeof memory[0]) == SAST_OK);
        EXPECT(sast_stream_init(&stream, &net, 1, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_OK);
        EXPECT(sast_stream_restart(&stream) == SAST_STREAM_OK);
        copy = stream;
        EXPECT(refuses(&copy) == 0);
        memset(&net, fills[i], sizeof net);
        EXPECT(refuses(&stream) == 0);
    }
    return 0;
}

/* What an interrupt does that comes amid a step of the stream. */
typedef struct {
    sast_stream_t *stream;
    int calls;
    int wrong;
} intruder_t;

static void intrude(void *user)
{
    intruder_t *intruder = (intruder_t *)user;
    sast_decision_t decision;
    size_t taken = 7;

    ++intruder->calls;
    intruder->wrong += sast_stream_push(intruder->stream, &event, 1, &taken) != SAST_STREAM_BUSY || taken != 0u;
    intruder->wrong += sast_stream_advance(intruder->stream, 1u << 20) != SAST_STREAM_BUSY;
    intruder->wrong += sast_stream_restart(intruder->stream) != SAST_STREAM_BUSY;
    intruder->wrong += sast_stream_start(intruder->stream, 9) != SAST_STREAM_BUSY;
    intruder->wrong += sast_stream_result(intruder->stream, &decision, NULL) != SAST_STREAM_OK;
}

static int amid_a_step(void)
{
    sast_context_t net;
    sast_stream_t stream;
    intruder_t intruder = {NULL, 0, 0};
    sast_observer_t observer = {NULL, intrude, NULL, NULL};
    size_t taken;

    intruder.stream = &stream;
    observer.user = &intruder;
    EXPECT(sast_init(&net, &a_model, &memory[0], sizeof memory[0]) == SAST_OK);
    EXPECT(sast_stream_init(&stream, &net, 1, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_OK);
    EXPECT(sast_set_observer(&net, &observer) == SAST_OK);
    EXPECT(sast_stream_push(&stream, &event, 1, &taken) == SAST_STREAM_OK);
    EXPECT(sast_stream_advance(&stream, event.t_us + A_MODEL_DT_US) == SAST_STREAM_STEP);
    EXPECT(intruder.calls == 1 && intruder.wrong == 0 && sast_stream_counts(&stream).busy == 4u);
    EXPECT(sast_step(&net) == SAST_OK); /* of the lane alone, which is not for the user; the stream notices that too */
    EXPECT(intruder.calls == 2 && intruder.wrong == 0 && sast_stream_counts(&stream).busy == 8u);
    return 0;
}

/* Two events of a step count, in both lanes; of the others, only repeats pass. */
static int limited(void)
{
    static const sast_stream_event_t events[] = {{5, 0, 0, 1}, {5, 1, 0, 1}, {5, 0, 0, 1}, {6, 2, 0, 1}, {6, 3, 0, 1},
                                                 {7, 1, 0, 1}};
    sast_context_t lanes[A_MODEL_STEPS];
    static a_memory_t memories[A_MODEL_STEPS];
    sast_stream_t stream;
    size_t taken;
    uint16_t i;

    for (i = 0; i < A_MODEL_STEPS; ++i) {
        EXPECT(sast_init(&lanes[i], &a_model, &memories[i], sizeof memories[i]) == SAST_OK);
        EXPECT(sast_set_event_limit(&lanes[i], 2) == SAST_OK);
    }
    EXPECT(sast_stream_init(&stream, lanes, A_MODEL_STEPS, SAST_WINDOWS_BACK_TO_BACK, REACH) == SAST_OK);
    for (i = 0; i < 2u * A_MODEL_STEPS; ++i) { /* lanes start anew in between, and keep their limit */
        EXPECT(sast_stream_start(&stream, 5) == SAST_STREAM_OK);
        EXPECT(sast_stream_push(&stream, events, 6, &taken) == SAST_STREAM_OVERLOAD && taken == 4u);
        EXPECT(sast_stream_push(&stream, &events[4], 2, &taken) == SAST_STREAM_OVERLOAD && taken == 1u);
        EXPECT(sast_stream_push(&stream, &events[5], 1, &taken) == SAST_STREAM_OK && taken == 1u);
        EXPECT(sast_stream_counts(&stream).overload == 2u * (i + 1u));
    }
    return 0;
}

int main(void)
{
    EXPECT(strcmp(sast_stream_status_name(SAST_STREAM_OK), "SAST_STREAM_OK") == 0);
    EXPECT(strcmp(sast_stream_status_name(SAST_STREAM_ERROR), "SAST_STREAM_ERROR") == 0);
    EXPECT(strcmp(sast_stream_status_name(SAST_STREAM_OVERLOAD), "SAST_STREAM_OVERLOAD") == 0);
    EXPECT(strcmp(sast_stream_status_name(SAST_STREAM_BUSY), "SAST_STREAM_BUSY") == 0);
    return init() != 0 || running() != 0 || not_ready() != 0 || amid_a_step() != 0 || limited() != 0;
}
