/* SPDX-License-Identifier: 0BSD */
/*
 * sast_events.h: the event bytes of docs/protocol.md, section 4, back to events. No I/O.
 */
#ifndef SAST_EVENTS_H
#define SAST_EVENTS_H

#include "sast.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SAST_EVENTS_BATCH 16u

/* Sensor coordinates, as sast_push takes them. */
typedef struct {
    uint16_t x;
    uint16_t y;
    uint8_t polarity;
} sast_event_t;

/* What was decoded at once: events of one step, and perhaps its end after them. */
typedef struct {
    sast_event_t events[SAST_EVENTS_BATCH];
    uint8_t count;
    uint8_t step_ends;
} sast_events_t;

/* Where the last event was. Its members are private. */
typedef struct {
    const sast_model_t *model;
    uint32_t column; /* 2 * x + polarity, in the model's input */
    uint32_t row;
} sast_event_decoder_t;

/* Before the first step of a recording. */
void sast_events_start(sast_event_decoder_t *decoder, const sast_model_t *model);

/* Decodes up to a full batch or the end of a step. Returns the bytes used; 0: malformed, or outside the input. */
uint16_t sast_events_decode(sast_event_decoder_t *decoder, const uint8_t *bytes, uint16_t size, sast_events_t *batch);

#ifdef __cplusplus
}
#endif

#endif /* SAST_EVENTS_H */
