/* SPDX-License-Identifier: 0BSD */
/* dense_input.c: a frame of event counts. See dense_input.h. */
#include "dense_input.h"

static inline dense_status_t count(const dense_input_t *input, uint32_t x, uint32_t y, uint32_t p)
{
    int8_t *at;

    if (x >= input->sensor_width || y >= input->sensor_height || p > 1u) {
        return DENSE_OUTSIDE;
    }
    at = (int8_t *)input->counts + ((y >> input->shift) * input->width + (x >> input->shift)) * 2u + p;
    if (*at != DENSE_MOST) {
        *at = (int8_t)(*at + 1);
    }
    return DENSE_OK;
}

void dense_clear(dense_input_t *input)
{
    uint32_t *word = input->counts, left;

    for (left = input->words; left >= 4u; left -= 4u, word += 4) {
        word[0] = 0;
        word[1] = 0;
        word[2] = 0;
        word[3] = 0;
    }
    for (; left != 0u; --left) {
        *word++ = 0;
    }
    input->begun = 0;
}

dense_status_t dense_push(dense_input_t *input, uint16_t x, uint16_t y, uint8_t p)
{
    return count(input, x, y, p);
}

dense_status_t dense_push_events(dense_input_t *input, const dense_event_t *events, uint32_t number, uint32_t *taken)
{
    const dense_event_t *event = events, *const end = events + number;
    dense_status_t status = DENSE_OK;

    if (number != 0u && !input->begun) {
        input->begun = 1;
        input->start_us = events->t;
    }
    {
        const dense_input_t held = *input; /* a count may lie anywhere: what it writes is not read again */

        for (; event != end && status == DENSE_OK; ++event) {
            status = event->t - held.start_us < held.window_us ? count(&held, event->x, event->y, event->p) : DENSE_OVER;
        }
    }
    *taken = (uint32_t)(event - events) - (status == DENSE_OK ? 0u : 1u);
    return status;
}
