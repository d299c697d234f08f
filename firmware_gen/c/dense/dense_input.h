/* SPDX-License-Identifier: 0BSD */
/*
 * dense_input.h: one frame out of a recording's events: how often each pixel sent each polarity, up to 127.
 *
 * What a spiking network is given, a dense one has to be given too: events one by one (as sast_push takes them), or with
 * time stamps in bursts (as sast_stream_push does). Both refuse an event that lies outside the sensor.
 */
#ifndef DENSE_INPUT_H
#define DENSE_INPUT_H

#include <stdint.h>

#define DENSE_MOST 127

typedef struct {
    uint32_t t; /* microseconds */
    uint16_t x, y;
    uint8_t p; /* 0 or 1 */
} dense_event_t;

typedef struct {
    uint32_t *counts; /* int8_t [height][width][2], rounded up to whole words */
    uint32_t words;   /* of counts */
    uint32_t window_us; /* of the recording, from its first event on */
    uint32_t start_us;  /* of that event */
    uint16_t sensor_width, sensor_height;
    uint16_t width; /* of the frame: sensor_width >> shift, rounded up */
    uint8_t shift;
    uint8_t begun;
} dense_input_t;

typedef enum { DENSE_OK, DENSE_OUTSIDE, DENSE_OVER } dense_status_t;

/* Start of a recording: an empty frame. */
void dense_clear(dense_input_t *input);

/* One event. */
dense_status_t dense_push(dense_input_t *input, uint16_t x, uint16_t y, uint8_t p);

/* Events in order of time, until one lies after the window (DENSE_OVER). taken: how many went into the frame. */
dense_status_t dense_push_events(dense_input_t *input, const dense_event_t *events, uint32_t count, uint32_t *taken);

#endif /* DENSE_INPUT_H */
