/* SPDX-License-Identifier: 0BSD */
/*
 * sast.h: an event-driven integer spiking network for microcontrollers.
 *
 * A model is constant data, made by edge-sast; a context is what one running instance of it needs. The library
 * allocates nothing, keeps nothing static that can change, and uses no floating point and no division, so several
 * models and contexts can live in one program.
 *
 *     static digits_memory_t memory;                               the model's working memory, sized by its header
 *     sast_context_t net;
 *     sast_init(&net, &digits_model, &memory, sizeof memory);      once
 *     sast_reset(&net);                                            at the start of every recording
 *     for (each time step of digits_model.dt_us microseconds, digits_model.steps of them) {
 *         for (each event of it)
 *             sast_push(&net, x, y, polarity);                     sensor coordinates; adds into the first layer
 *         sast_step(&net);                                         every neuron: leak, add, fire, reset
 *     }
 *     sast_result(&net, &class_index, outputs);
 *
 * The order of the events inside a step does not matter, and everything equals edge-sast's own runtime bit for bit.
 *
 * One context must not be used by two threads, or by an interrupt and the main program, at the same time: an interrupt
 * puts events into a queue, and the main program pushes them. A mark in the context finds part of the mistakes; it is no
 * lock. A call that changes something and meets a sast_step or a sast_reset under way (from an interrupt on the same core,
 * or from an observer) does nothing but answer SAST_ERR_BUSY; one that meets a sast_push is not noticed. A context that
 * was never initialised, whatever its memory holds, is refused, and so is a copy: the copy, or a context that was moved,
 * wants a sast_init of its own. What an earlier context left at the very same address is not told from a living one.
 */
#ifndef SAST_H
#define SAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a table is declared with, and what points into one. Where loads do not reach flash, as on most AVRs, the compiler is
   told that it lies there; all others put constant data into flash by themselves. In C++, which does not know the word, tables
   can be handed on, not read. */
#if defined(__AVR__) && !defined(__cplusplus) && !defined(__AVR_TINY__)
#ifdef __STRICT_ANSI__
#error "compile with -std=gnu99 or later instead of -std=c99: tables in flash need __flash, which is no ISO C"
#endif
#define SAST_TABLE __flash
#define SAST_IN_FLASH
#else
#define SAST_TABLE
#endif

#ifdef SAST_EARLY
/* This library's models may answer early: sast_decided. */
#define SAST_EARLY 1

#endif /* SAST_EARLY */
/* Version of the structures below. Tables of another version are refused by sast_init. */
#define SAST_TABLE_VERSION 5u

typedef enum {
    SAST_OK = 0,
    SAST_ERR_ARGUMENT = 1, /* a null pointer, a context before sast_init, or a copy of one */
    SAST_ERR_MODEL = 2,    /* the model's tables are of another version: export the model again; on an 8-bit AVR also:
                              they do not lie in the first 64 KB of flash, which pointers reach */
    SAST_ERR_MEMORY = 3,   /* working memory too small, or not aligned: use the model's memory type */
    SAST_ERR_RANGE = 4,    /* an event outside the sensor (it is ignored), or no such layer */
    SAST_ERR_BUSY = 5,     /* a step or a reset of this context is under way: nothing was done, an event is ignored */
    SAST_ERR_OVERLOAD = 6  /* an event beyond the limit of its step (sast_set_event_limit): it is ignored */
} sast_status_t;

/* ------------------------------------------------------------------ the model: constant, made by edge-sast ----- */

typedef enum {
    SAST_CONV2D = 0,
    SAST_LINEAR = 1,
    SAST_RECURRENT_LINEAR = 2, /* up to here: weighted layers, which hold membranes */
    SAST_OR_POOL = 3,
    SAST_SUM_POOL = 4,
    SAST_FLATTEN = 5,
    SAST_OUTPUT = 6 /* what takes the spikes of the last layer */
} sast_kind_t;

typedef enum {
    SAST_RESET_ZERO = 0,
    SAST_RESET_SUBTRACT = 1, /* a spike takes off the threshold */
    SAST_RESET_AMOUNT = 2    /* a spike takes off an amount of its channel */
} sast_reset_t;

typedef struct sast_context sast_context_t;
typedef const SAST_TABLE struct sast_layer sast_layer_t;
typedef const SAST_TABLE struct sast_neuron sast_neuron_t;

/* Where one input row (or column) of a pool goes. */
typedef const SAST_TABLE struct sast_window {
    uint16_t output;    /* row or column */
    uint16_t in_window; /* 0: it fills no window, and goes nowhere */
} sast_window_t;

/* Membranes lie in words of 32 bits, in one of two forms (docs/kernels.md).
   Narrow, where sums are proven to fit 16 bits: two neurons to a word, the even one in the low half, each as
   membrane + an offset of its channel; a position's channels are padded to whole quads of four neurons.
   Wide: one neuron to a word, in two's complement. */

/* What one spike adds: runs of weights to as many runs of membranes. */
typedef const SAST_TABLE struct sast_block {
    uint16_t length;       /* of a run: quads (narrow) or neurons (wide) */
    uint8_t bits;          /* wide: of a packed weight, 1, 2, 4 or 8 */
    uint8_t shift;         /* wide: every weight counts as weight << shift */
    uint32_t membrane_gap; /* words between the end of a run's membranes and the start of the next run's */
    uint32_t weight_gap;   /* words of weights likewise */
    uint32_t synops;       /* conv2d: of all that an output row gets */
    uint32_t entry;        /* sast_conv2d_8: where a run starts, SAST_RUN_ENTRY(length) */
} sast_block_t;

/* Adds `runs` (at least one) runs of a block. One kernel for each width of weight, and one for wide membranes. */
typedef void (*sast_add_t)(uint32_t *membranes, const SAST_TABLE uint32_t *weights, const sast_block_t *block,
                           uint32_t runs);

/* What one input row of a convolution reaches: `count` output rows. Neighbouring outputs meet kernel rows (columns) that
   descend by the stride; the kernel is stored in that order. */
typedef const SAST_TABLE struct sast_rows {
    uint32_t membranes;      /* offset of the first output row's */
    const SAST_TABLE uint32_t *weights; /* the kernel row that it meets, of input channel 0 */
    uint32_t count;          /* 0: reaches nothing */
    uint32_t position;       /* the first output row's first */
} sast_rows_t;

/* What one input column reaches. */
typedef const SAST_TABLE struct sast_columns {
    uint32_t membranes;        /* byte of the first output column's, in its row */
    uint32_t weights;          /* word of the kernel column that it meets, in its row */
    uint16_t count;            /* columns that are reached; 0: none */
    uint16_t position;         /* the first output column */
    const sast_block_t *block; /* what an output row gets: joined: all columns as one run; else: a run for each */
} sast_columns_t;

/* Takes one spike at `place` (row << 16 | column) and `channel` of the input of `layer`. */
typedef void (*sast_receive_t)(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel);

/* Takes one event of a step that is open and has no limit, or refuses one that lies outside. */
typedef sast_status_t (*sast_push_t)(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity);

/* Every neuron of `layer` once; its spikes go to the next layer at once. */
typedef void (*sast_sweep_t)(sast_context_t *context, const sast_layer_t *layer);

/* A block of eight neurons, four words, of which some are not quiet. */
typedef struct {
    uint32_t flags;        /* which spiked, bit i for neuron i, and were reset; or SAST_UNDONE */
    uint32_t *membranes;   /* its end */
    const SAST_TABLE uint32_t *table; /* end of its constants */
    uint32_t cells;        /* left after its cell */
} sast_hit_t;

/* The block is as it was: the caller deals with it. */
#define SAST_UNDONE 0x100u

/* Where a narrow sweep stands. */
typedef struct {
    uint32_t *membranes;   /* of the next block */
    const SAST_TABLE uint32_t *table; /* its constants */
    uint32_t blocks_left;  /* in this cell << 8 | the first leak shift */
    uint32_t cells;        /* left after this one */
    sast_hit_t *next_hit;  /* where the next block that is not quiet is noted; there is room for one */
    sast_hit_t *full;      /* where there is no room any more */
    uint32_t undone;       /* set to other than 0 where a block is left undone */
} sast_run_t;

/* Sweeps blocks up to the end, then returns 0; or until there is no room to note another, then 1. At the end *run is void,
   but for `next_hit`. */
typedef uint32_t (*sast_fire_t)(sast_run_t *run, const sast_neuron_t *neuron);

/* u = saturate(leak(v) + input + bias); spike = u >= threshold; then reset. */
struct sast_neuron {
    /* narrow, for sast_fire_t: constants that repeat with every cell of one or more positions */
    uint32_t mask[2];          /* both halves: bits that v >> leak_shift keeps, and more; 0: no such leak term */
    uint32_t quiet;            /* both halves: the bits that a quiet neuron may have set */
    uint32_t cell_blocks_left; /* `blocks_left` at the start of a cell */
    uint32_t second_shift;
    uint32_t to_thresholds;    /* bytes from a membrane word's entry in the first part of the table to that in the next;
                                  0: the caller deals with every block that is not quiet */
    const SAST_TABLE uint32_t *table; /* four parts, each of a cell's words: what the sweep adds, thresholds, zeros, offsets;
                                         with SAST_RESET_AMOUNT a fifth: amounts */
    sast_fire_t fire;
    /* wide, and integrators: one entry per output channel */
    const SAST_TABLE int32_t *threshold; /* with SAST_RESET_AMOUNT the amounts stand behind them; NULL: narrow, or an
                                            integrator, which never spikes */
    const SAST_TABLE int32_t *bias;
    uint32_t zero;             /* integrators: both halves: what a narrow membrane of 0 is stored as */
    int32_t low;               /* smallest membrane */
    int32_t high;              /* largest membrane */
    uint8_t reset;             /* sast_reset_t */
    uint8_t leak_terms;        /* 0, 1 or 2 of the shifts below */
    uint8_t leak_shift[2];     /* leak(v) = v - (v >> first) - (v >> second) */
};

/* One layer. Offsets are bytes from the start of the working memory. Fields that a kind does not use are 0. */
struct sast_layer {
    sast_receive_t receive;
    uint8_t kind;                /* sast_kind_t */
    uint8_t narrow;              /* 1: narrow membranes */
    uint16_t height;             /* of its input */
    uint16_t width;
    uint16_t channels;
    uint16_t out_height;
    uint16_t out_width;
    uint16_t out_channels;
    const sast_window_t *window_rows;    /* [height]: pools */
    const sast_window_t *window_columns; /* [width] */
    uint32_t bitmap;             /* offset: or_pool: outputs set in this step; recurrent: spikes of the last step */

    /* weighted layers */
    const sast_rows_t *rows;     /* conv2d [height] */
    const sast_columns_t *columns; /* conv2d [width] */
    uint32_t counters;           /* offset of its sast_counters_t */
    uint32_t input_words;        /* of weight: of one input channel of a conv2d, of one input (or own spike) of others */
    const SAST_TABLE uint32_t *weight; /* conv2d: [input channel][kernel row][kernel column] rows; linear: [input] rows */
    uint32_t membranes;          /* offset: [cells][cell_words] */
    sast_add_t add;
    struct sast_block block;     /* linear: all that a spike reaches */
    sast_sweep_t sweep;
    sast_sweep_t inputs;         /* linear that notes its input spikes: adds them before the sweep; else NULL */
    uint32_t noted;              /* offset: a bit for each of its inputs; */
    uint32_t notes;              /* offset of those of the next linear layer, where a block's spikes go into them; else 0 */
    sast_sweep_t own_spikes;     /* recurrent_linear: adds those of the last step before the sweep; else NULL */
    const SAST_TABLE uint32_t *recurrent; /* recurrent_linear: [neuron that fired] rows; else NULL */
    uint32_t kernel_row_words;   /* conv2d: of all columns of a kernel row */
    const SAST_TABLE uint16_t *group_first; /* conv2d [channels]: first membrane word, in a position, of an input's group;
                                    or NULL */
    sast_receive_t reach;        /* conv2d with idle cells: `receive` once all that a spike reaches is touched; else NULL */
    uint32_t idle;               /* offset: number of untouched cells, a bit for each cell (1: touched), one cell for them all */
    uint16_t cell;               /* positions of a cell */
    uint16_t cell_shift;         /* cell = 1 << cell_shift, where there are idle cells */
    uint32_t cell_words;         /* membrane words of a cell */
    uint32_t cells;
    uint32_t position_words;     /* membrane words of a position */
    uint32_t out_row_words;      /* membrane words of an output row */
    const SAST_TABLE uint32_t *initial; /* [cell_words] membranes at the start of a recording, leaked, as they are stored */
    struct sast_neuron neuron;
};

typedef struct {
    uint32_t table_version;         /* SAST_TABLE_VERSION */
    uint8_t hash[32];               /* SHA-256 of the model file's content */
    const sast_layer_t *layers;     /* [layer_count + 1], the last one SAST_OUTPUT */
    const char *const *class_names; /* [class_count], UTF-8 */
    uint16_t layer_count;
    uint16_t weighted_count;
    uint16_t class_count;
    uint32_t sensor_width;          /* pixels, before the shift; up to 65536 */
    uint32_t sensor_height;
    uint16_t height;                /* input rows, after the shift */
    uint16_t width;
    uint8_t shift;                  /* input coordinate = sensor coordinate >> shift */
    uint8_t count_cap;              /* most events that count for one pixel, polarity and step */
    uint32_t dt_us;                 /* length of a step */
    uint32_t steps;                 /* steps of a recording */
    uint32_t memory_bytes;
    uint32_t counters;              /* offset: sast_counters_t [weighted_count] */
    uint32_t outputs;               /* offset: int32_t [class_count] */
    const SAST_TABLE int32_t *first_outputs; /* [class_count]: outputs before the first step; NULL: zeros */
    uint32_t input_seen;            /* offset: bits, or uint8_t counts where count_cap > 1, of this step's events */
    uint32_t step_memory;           /* offset of what is cleared after every step ... */
    uint32_t step_memory_bytes;     /* ... and its length, whole words */
    sast_push_t push;               /* what takes an event */
#ifdef SAST_EARLY
    uint32_t margin;                /* a recording is over once the largest output leads the second by it; 0: never */
#endif /* SAST_EARLY */
} sast_model_t;

/* ------------------------------------------------------------------------------------------ running it --------- */

/* Of one weighted layer. A SynOp is one weight addition; a spike is one neuron that fired. */
typedef struct {
    uint64_t total_synops; /* since sast_reset */
    uint64_t total_spikes;
    uint32_t synops;       /* of the last step; of the running one once it has an event */
    uint32_t spikes;
} sast_counters_t;

/* Called while a step is computed: for every weighted layer in order, `neuron` for each of its neurons in order,
   then `layer_end`. Any of them may be NULL. `layer` is the index in the model file, pools and flatten counted. */
typedef struct {
    void *user; /* handed to each call */
    void (*step_begin)(void *user);
    void (*neuron)(void *user, uint16_t layer, uint32_t neuron, int32_t membrane, uint8_t spike); /* after reset */
    void (*layer_end)(void *user, uint16_t layer, const sast_counters_t *counters);
} sast_observer_t;

/* Events that were refused since sast_reset; each stays at its largest value when reached. */
typedef struct {
    uint32_t busy;     /* as SAST_ERR_BUSY */
    uint32_t overload; /* as SAST_ERR_OVERLOAD */
} sast_lost_t;

/* A running instance. Its members are private; it may live anywhere, and holds no more than these. */
struct sast_context {
    const sast_model_t *model;
    uint8_t *memory;
    sast_observer_t observer;
    uint32_t steps;    /* since sast_reset */
    void *volatile seen; /* inputs that had an event, between the first event of a step and its end; else NULL */
    volatile uintptr_t mark; /* what state it is in, in terms of its own address: garbage and copies have none */
    uint32_t event_limit; /* of a step; 0: none */
    uint32_t events_left; /* of this step, where there is a limit */
    sast_lost_t lost;
#ifdef SAST_EARLY
    uint8_t over; /* of a stream's lane: its window ended early */
#endif /* SAST_EARLY */
};

/* Ties a model to its working memory (the model's own memory type, or `size` bytes aligned to 8) and resets it.
   The memory and the context must stay in place as long as the context is used. */
sast_status_t sast_init(sast_context_t *context, const sast_model_t *model, void *memory, size_t size);

/* Start of a recording: membranes to their initial values, counters and outputs to 0. */
sast_status_t sast_reset(sast_context_t *context);

/* One event of the current step, in sensor coordinates; polarity 0 (OFF) or 1 (ON). */
sast_status_t sast_push(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity);

/* Ends the current step, with or without events: every layer is computed. */
sast_status_t sast_step(sast_context_t *context);

/* The answer after the steps so far. outputs: int32_t [class_count], final membranes or spike counts; may be NULL.
   The largest wins; of equals, the lowest index. */
sast_status_t sast_result(const sast_context_t *context, uint16_t *class_index, int32_t *outputs);

#ifdef SAST_EARLY
/* After a step: 1 where the recording is over, as its largest output leads the second by the model's margin; what is
   computed from here on is no part of it. 0 before the first step, and always where a model has no margin. */
uint8_t sast_decided(const sast_context_t *context);

#endif /* SAST_EARLY */
/* Counters of a weighted layer, by its index in the model file. */
sast_status_t sast_counters(const sast_context_t *context, uint16_t layer, sast_counters_t *counters);

/* Membrane of a neuron as it is kept between steps, leaked already: leak(v) of the v that an observer is shown. For
   tests of what runs unobserved. SAST_ERR_RANGE beyond the layer's neurons, and for layers without membranes. */
sast_status_t sast_membrane(const sast_context_t *context, uint16_t layer, uint32_t neuron, int32_t *membrane);

/* Steps computed since sast_reset; 0 for a context before sast_init. */
uint32_t sast_steps(const sast_context_t *context);

/* From the next step on, tell `observer` about every neuron (NULL: no one). The structure is copied. */
sast_status_t sast_set_observer(sast_context_t *context, const sast_observer_t *observer);

/* From the next step on, take at most `most` events in a step (0: no limit, as after sast_init; sast_reset keeps it): a
   bound for what the network does in a step, however many events a sensor sends. Counted are events that count: those
   beyond count_cap (a pixel that fires again and again) are neither limited nor lost. Whatever is beyond gets
   SAST_ERR_OVERLOAD: a recording without it equals the runtime's, limit or not. Such events, and those beyond count_cap,
   cost a call each all the same: what the sensor sends is not bounded here. */
sast_status_t sast_set_event_limit(sast_context_t *context, uint32_t most);

/* What was refused since sast_reset. */
sast_status_t sast_lost(const sast_context_t *context, sast_lost_t *lost);

/* "SAST_OK", "SAST_ERR_RANGE", ... */
const char *sast_status_name(sast_status_t status);

#ifdef __cplusplus
}
#endif

#endif /* SAST_H */
