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
    EXPECT(sast_stream_init(&stream, lanes, 1, (sast_windows_t)2, REACH) == SAST_ERR_ARGUMENT);
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

int main(void)
{
    EXPECT(strcmp(sast_stream_status_name(SAST_STREAM_OK), "SAST_STREAM_OK") == 0);
    EXPECT(strcmp(sast_stream_status_name(SAST_STREAM_ERROR), "SAST_STREAM_ERROR") == 0);
    return init() != 0 || running() != 0;
}
