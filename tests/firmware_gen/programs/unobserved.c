/* The same random events into two contexts, one observed: after every step all membranes, counters and outputs are equal. */
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

static int equal(const sast_context_t *a, const sast_context_t *b)
{
    int32_t outputs[2][A_MODEL_CLASSES];
    sast_counters_t counters[2];
    int32_t membranes[2] = {0, 0};
    uint16_t answers[2];
    uint16_t layer;
    uint32_t n;

    for (layer = 0; layer < a_model.layer_count; ++layer) {
        if (sast_counters(a, layer, &counters[0]) != SAST_OK) {
            continue;
        }
        (void)sast_counters(b, layer, &counters[1]);
        if (memcmp(&counters[0], &counters[1], sizeof counters[0]) != 0) {
            return 0;
        }
        for (n = 0; sast_membrane(a, layer, n, &membranes[0]) == SAST_OK; ++n) {
            (void)sast_membrane(b, layer, n, &membranes[1]);
            if (membranes[0] != membranes[1]) {
                return 0;
            }
        }
    }
    (void)sast_result(a, &answers[0], outputs[0]);
    (void)sast_result(b, &answers[1], outputs[1]);
    return answers[0] == answers[1] && memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0;
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
        for (events = draw(step % 8u == 7u ? 400u : 4u); events > 0u; --events) { /* few at first: idle cells stay */
            const uint16_t x = (uint16_t)draw(A_MODEL_SENSOR_WIDTH);
            const uint16_t y = (uint16_t)draw(A_MODEL_SENSOR_HEIGHT);
            const uint8_t polarity = (uint8_t)draw(2u);

            (void)sast_push(&nets[0], x, y, polarity);
            (void)sast_push(&nets[1], x, y, polarity);
        }
        (void)sast_step(&nets[0]);
        (void)sast_step(&nets[1]);
        if (!equal(&nets[0], &nets[1])) {
            printf("step %u\n", (unsigned)step);
            return 1;
        }
    }
    return 0;
}
