/* The same random events into two contexts, one observed: after every step their memories are equal, byte for byte. */
#include <stdio.h>
#include <string.h>

#include "a_model.h"

#define STEPS 40u

static a_memory_t seen;
static a_memory_t unseen;
static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static void look(void *user, uint16_t layer, uint32_t neuron, int32_t membrane, uint8_t spike)
{
    uint32_t *sum = (uint32_t *)user;

    *sum = *sum * 31u + layer + neuron + (uint32_t)membrane + spike;
}

int main(void)
{
    sast_context_t nets[2];
    sast_observer_t observer = {NULL, NULL, look, NULL};
    uint32_t sum = 0;
    uint32_t step;
    uint32_t events;

    observer.user = &sum;
    (void)sast_init(&nets[0], &a_model, &seen, sizeof seen);
    (void)sast_init(&nets[1], &a_model, &unseen, sizeof unseen);
    (void)sast_set_observer(&nets[0], &observer);
    for (step = 0; step < STEPS; ++step) {
        for (events = draw(step % 4u == 0u ? 400u : 12u); events > 0u; --events) {
            const uint16_t x = (uint16_t)draw(A_MODEL_SENSOR_WIDTH);
            const uint16_t y = (uint16_t)draw(A_MODEL_SENSOR_HEIGHT);
            const uint8_t polarity = (uint8_t)draw(2u);

            (void)sast_push(&nets[0], x, y, polarity);
            (void)sast_push(&nets[1], x, y, polarity);
        }
        (void)sast_step(&nets[0]);
        (void)sast_step(&nets[1]);
        if (memcmp(&seen, &unseen, sizeof seen) != 0) {
            printf("step %u\n", (unsigned)step);
            return 1;
        }
    }
    return 0;
}
