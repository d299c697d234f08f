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
 * One context must not be used by two threads, or by an interrupt and the main program, at the same time.
 */
#ifndef SAST_H
#define SAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the structures below. Tables of another version are refused by sast_init. */
#define SAST_TABLE_VERSION 1u

typedef enum {
    SAST_OK = 0,
    SAST_ERR_ARGUMENT = 1, /* a null pointer, or a context before sast_init */
    SAST_ERR_MODEL = 2,    /* the model's tables are of another version: export the model again */
    SAST_ERR_MEMORY = 3,   /* working memory too small, or not aligned: use the model's memory type */
    SAST_ERR_RANGE = 4     /* an event outside the sensor (it is ignored), or no such layer */
} sast_status_t;

/* ------------------------------------------------------------------ the model: constant, made by edge-sast ----- */

typedef enum {
    SAST_CONV2D = 0,
    SAST_LINEAR = 1,
    SAST_RECURRENT_LINEAR = 2, /* up to here: weighted layers, which hold membranes */
    SAST_OR_POOL = 3,
    SAST_SUM_POOL = 4,
    SAST_FLATTEN = 5
} sast_kind_t;

typedef enum { SAST_RESET_ZERO = 0, SAST_RESET_SUBTRACT = 1 } sast_reset_t;

/* What one input row (or column) of a convolution or pool reaches: outputs first, first + 1, ... (count of them).
   The first takes kernel row (column) `tap`, the next ones those that follow: weights are stored in that order. */
typedef struct {
    uint16_t first;
    uint8_t count; /* 0: reaches nothing */
    uint8_t tap;   /* 0 in pools */
} sast_axis_t;

/* Adds `count` packed weights, each shifted left by `shift`, to `count` membranes: int16_t or int32_t. */
typedef void (*sast_add_row_t)(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);

/* One such kernel for each width of packed weight (1, 2, 4, 8 bits) and of membrane (16, 32 bits). */
void sast_add_row_1_16(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);
void sast_add_row_1_32(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);
void sast_add_row_2_16(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);
void sast_add_row_2_32(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);
void sast_add_row_4_16(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);
void sast_add_row_4_32(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);
void sast_add_row_8_16(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);
void sast_add_row_8_32(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift);

/* Weights, packed: each row starts at a byte, its first weight in the lowest bits. */
typedef struct {
    const uint8_t *data;    /* conv2d: [kernel row][input channel][kernel column] rows; linear: [input] rows */
    sast_add_row_t add_row; /* unpacks rows */
    uint32_t row_bytes;     /* length of a row */
    uint8_t shift;          /* every weight counts as weight << shift */
} sast_weights_t;

/* u = saturate(leak(v) + input + bias); spike = u >= threshold; then reset. One entry per output channel. */
typedef struct {
    const int32_t *threshold; /* [out_channels]; NULL: an integrator, which never spikes */
    const int32_t *bias;      /* [out_channels] */
    const int32_t *initial;   /* [out_channels]: membrane at the start of a recording */
    int32_t low;              /* smallest membrane */
    int32_t high;             /* largest membrane */
    uint8_t reset;            /* sast_reset_t */
    uint8_t leak_terms;       /* 0, 1 or 2 of the shifts below */
    uint8_t leak_shift[2];    /* leak(v) = v - (v >> first) - (v >> second) */
    uint8_t membrane_bytes;   /* 2 or 4: what the accumulator provably needs */
} sast_neuron_t;

/* One layer. Offsets are bytes from the start of the working memory. Fields that a kind does not use are 0. */
typedef struct {
    uint8_t kind;                /* sast_kind_t */
    uint16_t height;             /* of its input */
    uint16_t width;
    uint16_t channels;
    uint16_t out_height;
    uint16_t out_width;
    uint16_t out_channels;
    sast_neuron_t neuron;
    sast_weights_t weight;
    sast_weights_t recurrent;    /* recurrent_linear: [neuron that fired] rows */
    const sast_axis_t *rows;     /* [height]: conv2d and pools */
    const sast_axis_t *columns;  /* [width] */
    const uint16_t *group_first; /* [channels]: first output channel of an input's group; NULL: one group */
    uint16_t group_channels;     /* output channels of a group */
    uint8_t kernel_columns;
    uint8_t joined;              /* 1: neighbouring columns adjoin, so that one add_row takes all that a spike reaches */
    uint16_t counters;           /* index of its sast_counters_t */
    uint32_t membranes;          /* offset: int16_t or int32_t [out_height][out_width][out_channels] */
    uint32_t bitmap;             /* offset: or_pool: outputs set in this step; recurrent: spikes of the last step */
} sast_layer_t;

typedef struct {
    uint32_t table_version;         /* SAST_TABLE_VERSION */
    uint8_t hash[32];               /* SHA-256 of the model file's content */
    const sast_layer_t *layers;
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
    uint32_t input_seen;            /* offset: bits, or uint8_t counts where count_cap > 1, of this step's events */
    uint32_t step_memory;           /* offset of what is cleared after every step ... */
    uint32_t step_memory_bytes;     /* ... and its length */
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

/* A running instance. Its members are private; it may live anywhere, and holds no more than these. */
typedef struct {
    const sast_model_t *model;
    uint8_t *memory;
    sast_observer_t observer;
    uint32_t steps;    /* since sast_reset */
    uint8_t step_open; /* 1 between the first event of a step and its end */
} sast_context_t;

/* Ties a model to its working memory (the model's own memory type, or `size` bytes aligned to 8) and resets it.
   The memory must stay in place as long as the context is used. */
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

/* Counters of a weighted layer, by its index in the model file. */
sast_status_t sast_counters(const sast_context_t *context, uint16_t layer, sast_counters_t *counters);

/* Membrane of a neuron as it is kept between steps, leaked already: leak(v) of the v that an observer is shown. For
   tests of what runs unobserved. SAST_ERR_RANGE beyond the layer's neurons, and for layers without membranes. */
sast_status_t sast_membrane(const sast_context_t *context, uint16_t layer, uint32_t neuron, int32_t *membrane);

/* Steps computed since sast_reset; 0 for a context before sast_init. */
uint32_t sast_steps(const sast_context_t *context);

/* From the next step on, tell `observer` about every neuron (NULL: no one). The structure is copied. */
sast_status_t sast_set_observer(sast_context_t *context, const sast_observer_t *observer);

/* "SAST_OK", "SAST_ERR_RANGE", ... */
const char *sast_status_name(sast_status_t status);

#ifdef __cplusplus
}
#endif

#endif /* SAST_H */
