/* SPDX-License-Identifier: 0BSD */
/*
 * sast_stream.c: time stamps to steps, steps to windows.
 */
#include "sast_stream.h"

#include "sast_internal.h"

#define HALF_WRAP 0x80000000u

#define PHASE_WAITING 0u /* for the event that starts the first window; no time is known */
#define PHASE_RUNNING 1u
#define PHASE_RESTING 2u /* after a window on event, until the next event */

/* Where a time lies. */
typedef enum {
    TIME_FREE,   /* nothing runs: it may start a window */
    TIME_INSIDE, /* the running step */
    TIME_AHEAD,
    TIME_LATE,
    TIME_JUMPED
} place_t;

static bool ready(const sast_stream_t *stream)
{
    return stream != NULL && stream->mark - (uintptr_t)stream <= 1u && sast_ready(&stream->lanes[0]);
}

/* Begins a call that changes the stream, or says why there can be none. */
static sast_stream_status_t enter(sast_stream_t *stream)
{
    bool busy;
    uint16_t i;

    if (!ready(stream)) {
        return SAST_STREAM_ERROR;
    }
    busy = stream->mark != (uintptr_t)stream;
    for (i = 0; i < stream->lane_count; ++i) {
        const sast_status_t status = sast_may_change(&stream->lanes[i]);

        if (status == SAST_ERR_ARGUMENT) {
            return SAST_STREAM_ERROR;
        }
        busy = busy || status == SAST_ERR_BUSY;
    }
    if (busy) {
        sast_increment(&stream->counts.busy);
        return SAST_STREAM_BUSY;
    }
    stream->mark = (uintptr_t)stream + 1u;
    return SAST_STREAM_OK;
}

/* Ends it, with its status. */
static sast_stream_status_t leave(sast_stream_t *stream, sast_stream_status_t status)
{
    stream->mark = (uintptr_t)stream;
    return status;
}

static uint32_t step_us(const sast_stream_t *stream)
{
    return stream->lanes[0].model->dt_us;
}

/* Differences of two unsigned times are right across a wrap. */
static inline place_t place_of(const sast_stream_t *stream, uint32_t t)
{
    const uint32_t ahead = t - stream->step_start;
    const uint32_t behind = stream->step_start - t;

    if (stream->phase == PHASE_WAITING || (stream->phase == PHASE_RESTING && ahead < HALF_WRAP)) {
        return TIME_FREE;
    }
    if (stream->phase == PHASE_RUNNING && ahead <= stream->reach_us) {
        return ahead < step_us(stream) ? TIME_INSIDE : TIME_AHEAD;
    }
    return behind <= stream->reach_us ? TIME_LATE : TIME_JUMPED;
}

/* The first step of the first window starts at t. */
static void begin(sast_stream_t *stream, uint32_t t)
{
    uint16_t i;

    for (i = 0; i < stream->lane_count; ++i) {
        (void)sast_reset(&stream->lanes[i]);
#ifdef SAST_EARLY
        stream->lanes[i].over = 0;
#endif /* SAST_EARLY */
    }
#ifdef SAST_EARLY
    stream->told = 0;
#endif /* SAST_EARLY */
    stream->step_start = t;
    stream->countdown = 0;
    stream->next = 0;
    stream->started = 0;
    stream->phase = PHASE_RUNNING;
}

/* Starts the lane whose turn it is, if a step begins at which one does. This waits until the step has an event or ends,
   so that a complete window can be read until then. */
static void open_step(sast_stream_t *stream)
{
    if (stream->countdown != 0u) {
        return;
    }
    if (stream->next == stream->started) {
        ++stream->started;
    } else {
        (void)sast_reset(&stream->lanes[stream->next]);
#ifdef SAST_EARLY
        stream->lanes[stream->next].over = 0;
#endif /* SAST_EARLY */
    }
    stream->next = (uint16_t)((uint32_t)stream->next + 1u == stream->lane_count ? 0u : stream->next + 1u);
    stream->countdown = stream->stride;
}

#ifdef SAST_EARLY
/* The lane of the window that started first. */
static uint16_t oldest_lane(const sast_stream_t *stream)
{
    return stream->started == stream->lane_count ? stream->next : 0u;
}

/* Steps since it started, computed or not. */
static uint32_t oldest_steps(const sast_stream_t *stream)
{
    return stream->running != 0u ? sast_steps(&stream->lanes[0])
                                 : (uint32_t)stream->started * stream->stride - stream->countdown;
}

static void step_lanes(sast_stream_t *stream)
{
    uint16_t i;

    for (i = 0; i < stream->started; ++i) {
        sast_context_t *lane = &stream->lanes[i];

        if (lane->over == 0u) {
            (void)sast_step(lane);
            lane->over = sast_decided(lane);
        }
    }
}

static sast_stream_status_t end_step(sast_stream_t *stream)
{
    bool full = true;
    bool decides = true;

    open_step(stream);
    step_lanes(stream);
    stream->step_start += step_us(stream);
    if (stream->running == 0u) { /* else no countdown ends, and no lane starts again */
        --stream->countdown;
        full = stream->countdown == 0u && stream->next != stream->started;
        decides = (full || stream->lanes[oldest_lane(stream)].over != 0u) && stream->told == 0u;
        if (decides) {
            stream->told = 1;
        }
        if (full) { /* the next step is of another window */
            stream->told = 0;
        }
    }
    if (full && stream->on_event != 0u) {
        stream->phase = PHASE_RESTING;
    }
    if (!decides) {
        return SAST_STREAM_STEP;
    }
    sast_increment(&stream->counts.decisions);
    return SAST_STREAM_DECISION;
}
#else /* SAST_EARLY */
static sast_stream_status_t end_step(sast_stream_t *stream)
{
    uint16_t i;

    open_step(stream);
    for (i = 0; i < stream->started; ++i) {
        (void)sast_step(&stream->lanes[i]);
    }
    stream->step_start += step_us(stream);
    if (stream->running == 0u) { /* else no countdown ends, and no lane starts again */
        --stream->countdown;
        if (stream->countdown != 0u || stream->next == stream->started) {
            return SAST_STREAM_STEP;
        }
    }
    sast_increment(&stream->counts.decisions);
    if (stream->on_event != 0u) {
        stream->phase = PHASE_RESTING;
    }
    return SAST_STREAM_DECISION;
}
#endif /* SAST_EARLY */

static sast_stream_status_t jumped(sast_stream_t *stream)
{
    sast_increment(&stream->counts.restarts);
    stream->phase = PHASE_WAITING;
    return SAST_STREAM_RESTARTED;
}

/* Into all lanes, which have room for it or not alike. */
static inline sast_stream_status_t take(sast_stream_t *stream, const sast_stream_event_t *event)
{
    sast_status_t status = SAST_OK;
    uint16_t i;

    open_step(stream);
    for (i = 0; i < stream->started; ++i) {
#ifdef SAST_EARLY
        if (stream->lanes[i].over != 0u) {
            continue;
        }
#endif /* SAST_EARLY */
        status = sast_push(&stream->lanes[i], event->x, event->y, event->polarity);
    }
    if (status != SAST_OK) {
        sast_increment(&stream->counts.overload);
        return SAST_STREAM_OVERLOAD;
    }
    return SAST_STREAM_OK;
}

#ifdef SAST_EARLY
/* An event for a lane whose window is over: nothing, where it lies inside the sensor. */
static sast_status_t ignore(sast_context_t *lane, uint16_t x, uint16_t y, uint8_t polarity)
{
    return sast_is_outside(lane->model, x, y, polarity) ? SAST_ERR_RANGE : SAST_OK;
}

#endif /* SAST_EARLY */
/* One lane's events, as long as they lie in the running step and inside the sensor; how many. */
static size_t take_some(sast_context_t *lane, uint32_t start, const sast_stream_event_t *events, size_t count)
{
#ifdef SAST_EARLY
    const sast_push_t push = lane->over != 0u ? ignore : lane->model->push;
#else /* SAST_EARLY */
    const sast_push_t push = lane->model->push;
#endif /* SAST_EARLY */
    const uint32_t length = lane->model->dt_us;
    size_t i = 0;

    while (i < count && events[i].t_us - start < length
           && push(lane, events[i].x, events[i].y, events[i].polarity) == SAST_OK) {
        ++i;
    }
    return i;
}

/* Whether nothing is to be looked at but an event's time and place: the step runs, and each lane has an event of it
   already, and no limit. */
static bool runs_on(const sast_stream_t *stream)
{
    uint16_t i;

    for (i = 0; i < stream->started; ++i) {
#ifdef SAST_EARLY
        if (stream->lanes[i].over != 0u) {
            continue;
        }
#endif /* SAST_EARLY */
        if (sast_state(&stream->lanes[i]) != SAST_OPEN) {
            return false;
        }
    }
    return stream->phase == PHASE_RUNNING && stream->countdown != 0u && stream->started != 0u;
}

/* The events of the running step up to the first that needs a closer look; how many. */
static size_t take_run(sast_stream_t *stream, const sast_stream_event_t *events, size_t count)
{
    size_t some = count;
    uint16_t i;

    if (!runs_on(stream)) {
        return 0;
    }
    for (i = 0; i < stream->started; ++i) {
        some = take_some(&stream->lanes[i], stream->step_start, events, some);
    }
    return some;
}

static bool is_fit(sast_windows_t windows, uint16_t lane_count)
{
    return windows == SAST_WINDOWS_BACK_TO_BACK
           || (lane_count == 1u && (windows == SAST_WINDOWS_ON_EVENT || windows == SAST_RUNNING_STATE));
}

/* Whether the read-out is an integrator with a leak: a count of spikes would grow without end. */
static bool forgets(const sast_model_t *model)
{
    const sast_neuron_t *neuron = &model->layers[(uint32_t)model->layer_count - 1u].neuron;

    return neuron->fire == NULL && neuron->threshold == NULL && neuron->leak_terms != 0u;
}

sast_status_t sast_stream_init(sast_stream_t *stream, sast_context_t *lanes, uint16_t lane_count,
                               sast_windows_t windows, uint32_t reach_us)
{
    static const sast_stream_counts_t none = {0, 0, 0, 0, 0, 0};
    const sast_model_t *model;
    uint32_t stride = 1;
    uint16_t i;

    if (stream == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    stream->mark = 0; /* not ready, whatever the memory held, until everything is checked */
    if (lanes == NULL || lane_count == 0u || !is_fit(windows, lane_count)) {
        return SAST_ERR_ARGUMENT;
    }
    for (i = 0; i < lane_count; ++i) {
        const sast_status_t status = sast_reset(&lanes[i]);

        if (status != SAST_OK) {
            return status;
        }
        if (lanes[i].model != lanes[0].model) {
            return SAST_ERR_MODEL;
        }
    }
    model = lanes[0].model;
#ifdef SAST_EARLY
    if (windows == SAST_RUNNING_STATE && model->margin != 0u) {
        return SAST_ERR_MODEL;
    }
#endif /* SAST_EARLY */
    if (windows == SAST_RUNNING_STATE && !forgets(model)) {
        return SAST_ERR_MODEL;
    }
    while ((uint64_t)stride * lane_count < model->steps) { /* steps / lane_count, on cores that cannot divide */
        ++stride;
    }
    if ((uint64_t)stride * lane_count != model->steps || reach_us < model->dt_us || reach_us >= HALF_WRAP) {
        return SAST_ERR_ARGUMENT;
    }
    stream->counts = none;
    stream->reach_us = reach_us;
    stream->step_start = 0;
    stream->stride = stride;
    stream->countdown = 0;
    stream->lane_count = lane_count;
    stream->started = 0;
    stream->next = 0;
    stream->on_event = windows == SAST_WINDOWS_ON_EVENT ? 1u : 0u;
    stream->running = windows == SAST_RUNNING_STATE ? 1u : 0u;
    stream->phase = PHASE_WAITING;
#ifdef SAST_EARLY
    stream->told = 0;
#endif /* SAST_EARLY */
    stream->lanes = lanes;
    stream->mark = (uintptr_t)stream;
    return SAST_OK;
}

sast_stream_status_t sast_stream_restart(sast_stream_t *stream)
{
    const sast_stream_status_t status = enter(stream);

    if (status == SAST_STREAM_OK) {
        (void)jumped(stream);
        (void)leave(stream, status);
    }
    return status;
}

sast_stream_status_t sast_stream_start(sast_stream_t *stream, uint32_t t_us)
{
    const sast_stream_status_t status = enter(stream);

    if (status == SAST_STREAM_OK) {
        (void)jumped(stream);
        begin(stream, t_us);
        (void)leave(stream, status);
    }
    return status;
}

/* One event, or the step that is over before it. *taken grows by 1 if the event is done with. */
static sast_stream_status_t push_one(sast_stream_t *stream, const sast_stream_event_t *event, size_t *taken)
{
    if (sast_is_outside(stream->lanes[0].model, event->x, event->y, event->polarity)) {
        ++*taken;
        sast_increment(&stream->counts.outside);
        return SAST_STREAM_OUTSIDE;
    }
    switch (place_of(stream, event->t_us)) {
    case TIME_FREE:
        begin(stream, event->t_us);
        ++*taken;
        return take(stream, event);
    case TIME_INSIDE:
        ++*taken;
        return take(stream, event);
    case TIME_AHEAD:
        return end_step(stream);
    case TIME_LATE:
        ++*taken;
        sast_increment(&stream->counts.late);
        return SAST_STREAM_LATE;
    default:
        return jumped(stream);
    }
}

static sast_stream_status_t push_all(sast_stream_t *stream, const sast_stream_event_t *events, size_t count,
                                     size_t *taken)
{
    sast_stream_status_t status = SAST_STREAM_OK;

    while (status == SAST_STREAM_OK && *taken < count) {
        *taken += take_run(stream, &events[*taken], count - *taken);
        if (*taken < count) {
            status = push_one(stream, &events[*taken], taken);
        }
    }
    return status;
}

sast_stream_status_t sast_stream_push(sast_stream_t *stream, const sast_stream_event_t *events, size_t count,
                                      size_t *taken)
{
    sast_stream_status_t status;

    if (taken == NULL || (events == NULL && count != 0u)) {
        return SAST_STREAM_ERROR;
    }
    status = enter(stream);
    if (status != SAST_STREAM_ERROR) {
        *taken = 0;
    }
    return status == SAST_STREAM_OK ? leave(stream, push_all(stream, events, count, taken)) : status;
}

static sast_stream_status_t advance(sast_stream_t *stream, uint32_t now_us)
{
    switch (place_of(stream, now_us)) {
    case TIME_FREE:
        /* Forgets when the last window ended before that time lies half a wrap back and can no longer be judged. */
        if (now_us - stream->step_start > stream->reach_us) {
            stream->phase = PHASE_WAITING;
        }
        return SAST_STREAM_OK;
    case TIME_AHEAD:
        return end_step(stream);
    case TIME_JUMPED:
        return jumped(stream);
    default:
        return SAST_STREAM_OK;
    }
}

sast_stream_status_t sast_stream_advance(sast_stream_t *stream, uint32_t now_us)
{
    const sast_stream_status_t status = enter(stream);

    return status == SAST_STREAM_OK ? leave(stream, advance(stream, now_us)) : status;
}

uint32_t sast_stream_behind_us(const sast_stream_t *stream, uint32_t now_us)
{
    const uint32_t ahead = ready(stream) ? now_us - stream->step_start : HALF_WRAP;

    return ahead < HALF_WRAP && stream->phase == PHASE_RUNNING ? ahead : 0u;
}

sast_stream_status_t sast_stream_result(const sast_stream_t *stream, sast_decision_t *decision, int32_t *outputs)
{
#ifdef SAST_EARLY
    uint16_t oldest;

    if (!ready(stream) || decision == NULL) {
        return SAST_STREAM_ERROR;
    }
    oldest = oldest_lane(stream);
#else /* SAST_EARLY */
    uint16_t oldest = 0;
    uint16_t i;

    if (!ready(stream) || decision == NULL) {
        return SAST_STREAM_ERROR;
    }
    for (i = 1; i < stream->lane_count; ++i) {
        if (sast_steps(&stream->lanes[i]) > sast_steps(&stream->lanes[oldest])) {
            oldest = i;
        }
    }
#endif /* SAST_EARLY */
    decision->lane = oldest;
    decision->steps = sast_steps(&stream->lanes[oldest]);
#ifdef SAST_EARLY
    decision->start_us = stream->step_start - oldest_steps(stream) * step_us(stream);
#else /* SAST_EARLY */
    decision->start_us = stream->step_start - decision->steps * step_us(stream);
#endif /* SAST_EARLY */
    (void)sast_result(&stream->lanes[oldest], &decision->class_index, outputs);
    return SAST_STREAM_OK;
}

sast_stream_counts_t sast_stream_counts(const sast_stream_t *stream)
{
    static const sast_stream_counts_t none = {0, 0, 0, 0, 0, 0};

    return ready(stream) ? stream->counts : none;
}

const char *sast_stream_status_name(sast_stream_status_t status)
{
    switch (status) {
    case SAST_STREAM_OK:
        return "SAST_STREAM_OK";
    case SAST_STREAM_STEP:
        return "SAST_STREAM_STEP";
    case SAST_STREAM_DECISION:
        return "SAST_STREAM_DECISION";
    case SAST_STREAM_LATE:
        return "SAST_STREAM_LATE";
    case SAST_STREAM_OUTSIDE:
        return "SAST_STREAM_OUTSIDE";
    case SAST_STREAM_RESTARTED:
        return "SAST_STREAM_RESTARTED";
    case SAST_STREAM_ERROR:
        return "SAST_STREAM_ERROR";
    case SAST_STREAM_OVERLOAD:
        return "SAST_STREAM_OVERLOAD";
    case SAST_STREAM_BUSY:
        return "SAST_STREAM_BUSY";
    default:
        return "unknown status";
    }
}
