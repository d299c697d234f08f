/* SPDX-License-Identifier: 0BSD */
/*
 * sast_emulator_dense.c: a dense network on an emulated core, called from outside. Like those of emulator/, these functions
 * stand for the application: they read events from memory, and their own instructions do not count.
 */
#include "dense.h"
#include "dense_input.h"

#define BURST 64u

void dense_frame(const int8_t *input, int8_t *output);
void sast_emulator_dense_frame(const int8_t *input, int8_t *output);
uint32_t sast_emulator_dense_clear(dense_input_t *input);
uint32_t sast_emulator_dense_push(dense_input_t *input, const uint8_t *events, uint32_t count);
uint32_t sast_emulator_dense_push_events(dense_input_t *input, const dense_event_t *events, uint32_t count);

void sast_emulator_dense_frame(const int8_t *input, int8_t *output)
{
    dense_frame(input, output);
}

uint32_t sast_emulator_dense_clear(dense_input_t *input)
{
    dense_clear(input);
    return DENSE_OK;
}

/* events: each uint16 x, uint16 y, uint8 polarity, little-endian. */
uint32_t sast_emulator_dense_push(dense_input_t *input, const uint8_t *events, uint32_t count)
{
    dense_status_t status = DENSE_OK;
    uint32_t i;

    for (i = 0; i < count && status == DENSE_OK; ++i) {
        const uint8_t *e = events + 5u * i;

        status = dense_push(input, (uint16_t)(e[0] | e[1] << 8), (uint16_t)(e[2] | e[3] << 8), e[4]);
    }
    return (uint32_t)status;
}

uint32_t sast_emulator_dense_push_events(dense_input_t *input, const dense_event_t *events, uint32_t count)
{
    dense_status_t status = DENSE_OK;
    uint32_t done = 0;

    while (done < count && status == DENSE_OK) {
        const uint32_t left = count - done;
        uint32_t taken;

        status = dense_push_events(input, events + done, left < BURST ? left : BURST, &taken);
        done += taken;
    }
    return (uint32_t)status;
}
