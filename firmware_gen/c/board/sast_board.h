/* SPDX-License-Identifier: 0BSD */
/*
 * sast_board.h: a board that runs recordings for a host over any byte pipe (docs/protocol.md).
 *
 * Pure: bytes go in through sast_board_receive, answers leave through the port's `write`; the caller owns the UART,
 * the interrupts and the clock. All a board's main program has to do:
 *
 *     static digits_memory_t memory;
 *     static sast_board_t board;
 *     static const sast_port_t port = {NULL, uart_write, cycles, 64000000u, SAST_TICKS_CYCLES, "my-board", 1024u};
 *
 *     sast_board_init(&board, &digits_model, &memory, sizeof memory, &port);
 *     for (;;) {
 *         size_t size = ring_read(bytes, sizeof bytes);      filled by the UART's interrupt
 *         sast_board_receive(&board, bytes, size);           computes steps in here, so it may take a while
 *     }
 *
 * While a step is computed the host sends at most `rx_bytes` bytes: an interrupt must be able to store that many.
 */
#ifndef SAST_BOARD_H
#define SAST_BOARD_H

#include "sast.h"
#include "sast_crc.h"
#include "sast_events.h"
#include "sast_frame.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef SAST_EARLY
#define SAST_BOARD_PROTOCOL 2u /* version; hosts refuse others. 2: a recording may end early, and its steps are told */
#else /* SAST_EARLY */
#define SAST_BOARD_PROTOCOL 1u /* version; hosts refuse others */
#endif /* SAST_EARLY */

/* RAM of a board, about FRAME + REPLY + 8 * WINDOW * FRAME_STEPS + 200 bytes. May be set when compiling. */
#ifndef SAST_BOARD_FRAME_BYTES
#define SAST_BOARD_FRAME_BYTES 256u /* largest frame it takes, decoded; also 4 bytes a class */
#endif
#ifndef SAST_BOARD_REPLY_BYTES
#define SAST_BOARD_REPLY_BYTES 128u /* largest frame it sends, decoded; 128 at least */
#endif
#ifndef SAST_BOARD_WINDOW
#define SAST_BOARD_WINDOW 4u /* load frames it can answer again; a power of two */
#endif
#ifndef SAST_BOARD_FRAME_STEPS
#define SAST_BOARD_FRAME_STEPS 8u /* most steps that end in one load frame; a power of two */
#endif

typedef enum {
    SAST_TICKS_NONE = 0,
    SAST_TICKS_CYCLES = 1,
    SAST_TICKS_INSTRUCTIONS = 2,
    SAST_TICKS_MICROSECONDS = 3
} sast_ticks_kind_t;

/* What a board brings. It must stay in place as long as the board application runs. */
typedef struct {
    void *user; /* handed to write and ticks */
    void (*write)(void *user, const uint8_t *bytes, size_t size); /* blocks until the bytes are sent or stored */
    uint32_t (*ticks)(void *user); /* free-running, counts up, wraps at 2^32; NULL: none */
    uint32_t ticks_hz;             /* ticks a second; 0: unknown */
    uint8_t ticks_kind;            /* sast_ticks_kind_t */
    const char *name;              /* ASCII; the first 24 characters are told */
    uint32_t rx_bytes;             /* bytes of the wire that it can hold while the board computes; 64 or more */
} sast_port_t;

/* What the host gets of each step. */
typedef struct {
    uint32_t crc;   /* sast_step_crc_value; 0 in runs that are not observed */
    uint32_t ticks; /* spent in sast_push and sast_step */
} sast_board_step_t;

/* A load frame that was executed, so that it can be answered again. */
typedef struct {
    uint32_t first_step;
    uint8_t steps;
} sast_board_load_t;

/* The running board. Its members are private. */
typedef struct {
    const sast_port_t *port;
    sast_context_t net;
    sast_step_crc_t crc;  /* of the last step */
    sast_frame_decoder_t decoder;
    sast_event_decoder_t events;
    uint32_t token;       /* of the run; 0: none since the start */
    uint32_t stream_crc;  /* state, over all event bytes executed */
    uint32_t steps_crc;   /* state, over all sast_board_step_t sent */
    uint32_t step;        /* number of the running one */
    uint32_t step_ticks;  /* of the running step */
    uint32_t dump_step;
    uint32_t dump_first;  /* first neuron wanted */
    uint16_t expected;    /* seq of the next load frame */
    uint16_t dump_layer;
    uint16_t reply_size;
    uint8_t flags;        /* of the run */
    uint8_t failed;       /* status that ended the run; 0: none */
#ifdef SAST_EARLY
    uint8_t decided;      /* 1: the step that was computed last ended the recording */
    uint8_t over;         /* 1: the recording is over: its other steps are taken, and not computed */
#endif /* SAST_EARLY */
    sast_board_load_t loads[SAST_BOARD_WINDOW];
    sast_board_step_t steps[SAST_BOARD_WINDOW * SAST_BOARD_FRAME_STEPS];
    union {
        uint8_t bytes[SAST_BOARD_FRAME_BYTES];
        int32_t outputs[SAST_BOARD_FRAME_BYTES / 4u];
    } frame;
    uint8_t reply[SAST_BOARD_REPLY_BYTES];
} sast_board_t;

/* memory: the model's own memory type. SAST_ERR_MEMORY also when a class's outputs do not fit into a frame
   (SAST_BOARD_FRAME_BYTES / 4 classes), SAST_ERR_ARGUMENT when the port is not usable; else as sast_init. */
sast_status_t sast_board_init(sast_board_t *board, const sast_model_t *model, void *memory, size_t size,
                              const sast_port_t *port);

/* Bytes of the wire, in any portions. Whole frames are executed and answered before it returns. */
void sast_board_receive(sast_board_t *board, const uint8_t *bytes, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* SAST_BOARD_H */
