$banner/* A live sensor on a board: events come in bursts, decisions go out. Two functions are yours: read_sensor and
   on_decision. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "${name}_model.h"
#include "sast_stream.h"

#define LANES 1u /* more make windows slide: one decision every STEPS / LANES steps, for LANES times memory and work */
#define REACH_US ${reach_us}u /* a time further away than this (one window) is a jump: windows begin anew */
#define BURST 64u

static ${name}_memory_t memory[LANES];
static sast_context_t lanes[LANES];
static sast_stream_t stream;

/* ----------------------------------------------------------------------------- put your own sensor here --------
   Writes what the sensor has seen since the last call, at most `room` events, and tells how many; *now_us: a time of
   the sensor's clock before which everything has been handed over. Returns false when there will be no more: never, on
   a board. This one is made up: a point that crosses the field of view, for as long as three windows. */
static bool read_sensor(sast_stream_event_t *events, size_t room, size_t *count, uint32_t *now_us)
{
    static uint32_t clock_us = 0xFFFFF000u; /* soon wraps around, which changes nothing */
    static uint32_t calls = 0;
    size_t i;

    for (i = 0; i < room && i < 8u; ++i) {
        events[i].t_us = clock_us;
        events[i].x = (uint16_t)((calls + i) % ${prefix}_SENSOR_WIDTH);
        events[i].y = (uint16_t)((calls + i) % ${prefix}_SENSOR_HEIGHT);
        events[i].polarity = (uint8_t)(i & 1u);
    }
    *count = i;
    clock_us += ${prefix}_DT_US;
    *now_us = clock_us;
    return calls++ < 3u * (uint32_t)${prefix}_STEPS;
}

/* ------------------------------------------------------------------- put what you do with an answer here -------- */
static void on_decision(const sast_decision_t *decision)
{
    printf("%10" PRIu32 " us: %s\n", decision->start_us, ${name}_model.class_names[decision->class_index]);
}

/* One call of the stream did this. */
static void handle(sast_stream_status_t status)
{
    sast_decision_t decision;

    switch (status) {
    case SAST_STREAM_DECISION:
        if (sast_stream_result(&stream, &decision, NULL) == SAST_STREAM_OK) {
            on_decision(&decision);
        }
        break;
    case SAST_STREAM_RESTARTED:
        printf("time jumped: windows begin anew\n");
        break;
    default: /* a step; events that are late, outside or too many (sast_set_event_limit) are counted, see the end */
        break;
    }
}

int main(void)
{
    static sast_stream_event_t events[BURST];
    sast_stream_status_t status;
    sast_stream_counts_t counts;
    uint32_t now_us = 0;
    size_t count = 0;
    size_t i;

    for (i = 0; i < LANES; ++i) {
        if (sast_init(&lanes[i], &${name}_model, &memory[i], sizeof memory[i]) != SAST_OK) {
            return 1;
        }
    }
    if (sast_stream_init(&stream, lanes, LANES, SAST_WINDOWS_BACK_TO_BACK, REACH_US) != SAST_OK) {
        return 1;
    }
    while (read_sensor(events, BURST, &count, &now_us)) {
        size_t done = 0;

        while (done < count) { /* every call computes a step at most: there is time for the sensor in between */
            size_t taken = 0;

            status = sast_stream_push(&stream, &events[done], count - done, &taken);
            done += taken;
            handle(status);
        }
        do {
            status = sast_stream_advance(&stream, now_us);
            handle(status);
        } while (status != SAST_STREAM_OK);
    }
    counts = sast_stream_counts(&stream);
    printf("%" PRIu32 " decisions, %" PRIu32 " late events, %" PRIu32 " outside, %" PRIu32 " beyond a limit, %" PRIu32
           " jumps\n", counts.decisions, counts.late, counts.outside, counts.overload, counts.restarts);
    return 0;
}
