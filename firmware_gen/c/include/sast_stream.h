/* SPDX-License-Identifier: 0BSD */
/*
 * sast_stream.h: a live sensor instead of a recording.
 *
 * Events go in as they come, with the sensor's own time stamps, in bursts of any size. The stream finds the borders of
 * the steps, computes every step that is over (also those without events), and starts and ends windows of the model's
 * number of steps. Every window gives the same bits as a recording that holds its events and starts where it starts:
 * how the events were cut into bursts changes nothing, nor does the order of the events inside a step.
 *
 *     static digits_memory_t memory[LANES];                        one working memory for each lane
 *     static sast_context_t lanes[LANES];
 *     static sast_stream_t stream;
 *     for (i = 0; i < LANES; ++i)
 *         sast_init(&lanes[i], &digits_model, &memory[i], sizeof memory[i]);
 *     sast_stream_init(&stream, lanes, LANES, SAST_WINDOWS_BACK_TO_BACK, 1000000u);
 *     for (;;) {
 *         size_t count = read_sensor(events);                      yours: as many events as there are
 *         size_t done = 0;
 *         while (done < count) {
 *             size_t taken = 0;
 *             sast_stream_status_t status = sast_stream_push(&stream, &events[done], count - done, &taken);
 *             done += taken;
 *             if (status == SAST_STREAM_DECISION)
 *                 sast_stream_result(&stream, &decision, NULL);    digits_model.class_names[decision.class_index]
 *         }
 *     }
 *
 * Work. A call computes at most one step (of each lane) and returns, with the events that it did not come to still in
 * the caller's hands: call again with them. So nothing loops for long however far time has moved on, a decision cannot
 * be missed, and the caller can empty the sensor's FIFO in between. Every call takes an event, computes a step or
 * restarts once, so the loop above ends; but for SAST_STREAM_ERROR and SAST_STREAM_BUSY, which tell of a wrong program.
 * sast_stream_behind_us tells how much time waits to be computed.
 *
 * Time stamps are microseconds in 32 bits and may wrap around (every 71 minutes). A time is judged by its distance to
 * the start of the running step:
 *     inside the step                      taken, in any order
 *     later, by at most reach_us           the step is over: it is computed first
 *     earlier, by at most reach_us         late: its step has been computed, or would lie before the first. It does not
 *                                          count in; it is reported, and counted as late
 *     further away, in either direction    the clock jumped, or too much time passed unseen: reported and counted,
 *                                          unfinished windows are given up, and the next event starts anew
 *
 * Windows. A window is digits_model.steps steps, and starts from a reset network, as a recording does:
 *     SAST_WINDOWS_BACK_TO_BACK, one lane  one window after the other, from the first event on
 *     SAST_WINDOWS_BACK_TO_BACK, K lanes   sliding windows: K contexts of the same model, each started stride = steps/K
 *                                          steps after the one before it. After the first full window there is a
 *                                          decision every stride steps, over exactly the last `steps` steps. Costs K
 *                                          times the memory and the work; K = steps gives a decision every step
 *     SAST_WINDOWS_ON_EVENT, one lane      a window starts with an event, as the recordings did that the model was
 *                                          trained on. After a decision, the next event starts the next window; in
 *                                          between nothing is computed, and a pause may last as long as it likes
 *     SAST_RUNNING_STATE, one lane         no windows: the network is reset where the stream starts and after a jump of
 *                                          time, never in between, and every step is a decision. The read-out must
 *                                          forget: export the model with --running, which gives it a leak. One lane's
 *                                          work, but another question than was trained: the network holds traces of all
 *                                          that it has seen. K lanes answer for exactly the last `steps` steps
 *
#ifdef SAST_EARLY
 * Early decisions. A window of a model that answers early is over once its answer is clear enough (sast_decided), and told
 * then (SAST_STREAM_DECISION), with the steps that it took. Until the time of its last step has passed its lane computes
 * nothing, and events change nothing in it: the next window starts when it would start anyway. Of sliding windows the
 * decision is that of the window which started first; one that was over before is told with the first step in which it is
 * that. In running state there are no windows, and such a model is refused (SAST_ERR_MODEL).
 *
#endif // SAST_EARLY
 * Overload. A limit of events for each step (sast_set_event_limit, the same for every lane) bounds what the network does in
 * a step: events beyond it are told (SAST_STREAM_OVERLOAD) and counted, and cost a call. Where nothing is told, every
 * answer is exact. Whether the steps as such keep up with the sensor is told by sast_stream_behind_us.
 *
 * One stream must not be used by two threads, or by an interrupt and the main program, at the same time: an interrupt puts
 * events into a queue. A call that meets another one under way (from an interrupt on the same core, or from an observer) is
 * told so (SAST_STREAM_BUSY) and does nothing; as sast.h says, this finds a mistake and is no lock. Stream and lanes stay
 * where they are; copies are refused. The lanes may be observed (sast_step_crc_attach) and read (sast_counters), but are
 * pushed and stepped by the stream alone.
 */
#ifndef SAST_STREAM_H
#define SAST_STREAM_H

#include "sast.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One event of the sensor. */
typedef struct {
    uint32_t t_us;    /* microseconds, wrapping */
    uint16_t x;       /* sensor coordinates, before the model's shift */
    uint16_t y;
    uint8_t polarity; /* 0: OFF, 1: ON */
} sast_stream_event_t;

typedef enum {
    SAST_STREAM_OK = 0,        /* all was taken, and nothing is left to compute */
    SAST_STREAM_STEP = 1,      /* a step was computed: call again with what is left */
    SAST_STREAM_DECISION = 2,  /* the same, and it completed a window (in running state: always): sast_stream_result */
    SAST_STREAM_LATE = 3,      /* the last event taken belongs to a step that is over; it does not count in */
    SAST_STREAM_OUTSIDE = 4,   /* the last event taken lies outside the sensor, or has no polarity; nor does it count */
    SAST_STREAM_RESTARTED = 5, /* time jumped: windows start anew with the next event, which is not taken yet */
    SAST_STREAM_ERROR = 6,     /* a null pointer, or a stream or a lane before its init; nothing was done */
    SAST_STREAM_OVERLOAD = 7,  /* the last event taken is beyond the limit of its step; it does not count in */
    SAST_STREAM_BUSY = 8       /* a call of this stream is under way; nothing was done, no event was taken */
} sast_stream_status_t;

typedef enum { SAST_WINDOWS_BACK_TO_BACK = 0, SAST_WINDOWS_ON_EVENT = 1, SAST_RUNNING_STATE = 2 } sast_windows_t;

/* What a window says, complete or not; in running state the stream since it started. */
typedef struct {
    uint32_t start_us;    /* when it started */
#ifdef SAST_EARLY
    uint32_t steps;       /* computed so far, of a window that ended early fewer than the model's */
#else /* SAST_EARLY */
    uint32_t steps;       /* computed so far, modulo 2^32; the model's number of steps: the window is complete */
#endif /* SAST_EARLY */
    uint16_t lane;        /* its context */
    uint16_t class_index; /* the answer of these steps */
} sast_decision_t;

/* Since sast_stream_init; each stays at its largest value when reached. */
typedef struct {
    uint32_t decisions; /* windows completed; in running state steps */
    uint32_t late;      /* events refused as SAST_STREAM_LATE */
    uint32_t outside;   /* events refused as SAST_STREAM_OUTSIDE */
    uint32_t restarts;  /* jumps of time, and calls of sast_stream_restart and sast_stream_start */
    uint32_t overload;  /* events refused as SAST_STREAM_OVERLOAD */
    uint32_t busy;      /* calls refused as SAST_STREAM_BUSY */
} sast_stream_counts_t;

/* A running stream. Its members are private. */
typedef struct {
    sast_context_t *lanes;
    sast_stream_counts_t counts;
    uint32_t reach_us;
    uint32_t step_start; /* of the running step, or of the one that would follow */
    uint32_t stride;     /* steps between the starts of two lanes */
    uint32_t countdown;  /* steps until lane `next` starts */
    uint16_t lane_count;
    uint16_t started; /* lanes 0 to started - 1 run */
    uint16_t next;
    uint8_t on_event; /* 1: SAST_WINDOWS_ON_EVENT */
    uint8_t running;  /* 1: SAST_RUNNING_STATE */
    uint8_t phase;    /* waiting for a first event, running, or resting between two windows */
#ifdef SAST_EARLY
    uint8_t told;     /* 1: of the window that started first, the decision */
#endif /* SAST_EARLY */
    volatile uintptr_t mark; /* its own address, or one more while a call is under way: garbage and copies have neither */
} sast_stream_t;

/* Ties a stream to `lane_count` contexts of one model, each after sast_init with a memory of its own, and restarts it.
   The contexts must stay in place. reach_us: see above; at least the model's dt_us, less than 2^31.
   SAST_ERR_ARGUMENT: a null pointer, a context before sast_init, reach_us out of range, a number of lanes that does not
   divide the model's steps, or several lanes with anything but SAST_WINDOWS_BACK_TO_BACK. SAST_ERR_MODEL: lanes of
   different models, or SAST_RUNNING_STATE with a read-out that never forgets: export the model with --running.
   SAST_ERR_BUSY: a lane is being stepped. */
sast_status_t sast_stream_init(sast_stream_t *stream, sast_context_t *lanes, uint16_t lane_count,
                               sast_windows_t windows, uint32_t reach_us);

/* Gives up unfinished windows; the next event starts anew. */
sast_stream_status_t sast_stream_restart(sast_stream_t *stream);

/* The same, but step 0 starts at t_us (back to back windows on a clock of one's own). */
sast_stream_status_t sast_stream_start(sast_stream_t *stream, uint32_t t_us);

/* `count` events. *taken: how many of them are done with; call again with the rest until nothing is left. */
sast_stream_status_t sast_stream_push(sast_stream_t *stream, const sast_stream_event_t *events, size_t count,
                                      size_t *taken);

/* Tells that all events before now_us have been pushed: steps that end by then are over. Computes one at most; call it
   again until SAST_STREAM_OK. Where the sensor may be silent for 35 minutes (half a wrap), call it now and then. */
sast_stream_status_t sast_stream_advance(sast_stream_t *stream, uint32_t now_us);

/* Time from the start of the running step to now_us, in microseconds: each dt_us of it is a step still to be computed.
   0 where nothing runs, or now_us lies before. */
uint32_t sast_stream_behind_us(const sast_stream_t *stream, uint32_t now_us);

/* The window with the most steps: after SAST_STREAM_DECISION, until the next push or advance, the complete one; at any
   other time the one that will be complete next, with the steps it has; after a restart, until the next event, the one
   given up. In running state, what the last step decided. outputs: int32_t [class_count], or NULL. */
sast_stream_status_t sast_stream_result(const sast_stream_t *stream, sast_decision_t *decision, int32_t *outputs);

/* What was decided and what was refused. All 0 for a stream before sast_stream_init. */
sast_stream_counts_t sast_stream_counts(const sast_stream_t *stream);

/* "SAST_STREAM_OK", "SAST_STREAM_STEP", ... */
const char *sast_stream_status_name(sast_stream_status_t status);

#ifdef __cplusplus
}
#endif

#endif /* SAST_STREAM_H */
