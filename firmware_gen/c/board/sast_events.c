/* SPDX-License-Identifier: 0BSD */
/*
 * sast_events.c: numbers of seven bits a byte; sites that ascend, without a division.
 */
#include "sast_events.h"

#define LONGEST_NUMBER 5u
#define LAST_BYTE_LIMIT 0x0Fu /* what is left of 32 bits for the fifth byte */

/* Returns the bytes used; 0: cut short, or not below 2^32. */
static uint16_t read_number(const uint8_t *bytes, uint16_t size, uint32_t *number)
{
    uint32_t value = 0u;
    uint16_t i;

    for (i = 0u; i < size && i < LONGEST_NUMBER; ++i) {
        value |= ((uint32_t)bytes[i] & 0x7Fu) << (7u * (uint32_t)i);
        if (bytes[i] < 0x80u) {
            *number = value;
            return (uint16_t)((i == LONGEST_NUMBER - 1u && bytes[i] > LAST_BYTE_LIMIT) ? 0u : i + 1u);
        }
    }
    return 0u;
}

/* Moves on by `sites`; 0 beyond the last one. */
static uint8_t move(sast_event_decoder_t *decoder, uint32_t sites)
{
    const uint32_t columns = 2u * (uint32_t)decoder->model->width;

    if (sites > UINT32_MAX - decoder->column) {
        return 0u;
    }
    decoder->column += sites;
    while (decoder->column >= columns) {
        decoder->column -= columns;
        ++decoder->row;
        if (decoder->row >= decoder->model->height) {
            return 0u;
        }
    }
    return 1u;
}

void sast_events_start(sast_event_decoder_t *decoder, const sast_model_t *model)
{
    decoder->model = model;
    decoder->column = 0u;
    decoder->row = 0u;
}

uint16_t sast_events_decode(sast_event_decoder_t *decoder, const uint8_t *bytes, uint16_t size, sast_events_t *batch)
{
    const uint8_t shift = decoder->model->shift;
    uint16_t at = 0u;

    batch->count = 0u;
    batch->step_ends = 0u;
    while (at < size && batch->count < SAST_EVENTS_BATCH) {
        sast_event_t *event = &batch->events[batch->count];
        uint32_t number;
        const uint16_t used = read_number(&bytes[at], (uint16_t)(size - at), &number);

        if (used == 0u) {
            return 0u;
        }
        at = (uint16_t)(at + used);
        if (number == 0u) {
            sast_events_start(decoder, decoder->model);
            batch->step_ends = 1u;
            return at;
        }
        if (move(decoder, number - 1u) == 0u) {
            return 0u;
        }
        event->x = (uint16_t)((decoder->column >> 1) << shift);
        event->y = (uint16_t)(decoder->row << shift);
        event->polarity = (uint8_t)(decoder->column & 1u);
        ++batch->count;
    }
    return at;
}
