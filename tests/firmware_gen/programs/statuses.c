/* Every way to call the library wrongly, on one model. Prints the first line that fails; exit code 0 when none does. */
#include <stdio.h>
#include <string.h>

#include "a_model.h"
#include "sast_crc.h"

#define EXPECT(condition)                                        \
    do {                                                         \
        if (!(condition)) {                                      \
            printf("line %d: %s\n", __LINE__, #condition);       \
            return 1;                                            \
        }                                                        \
    } while (0)

static a_memory_t memory;
static int32_t outputs[A_MODEL_CLASSES];

/* Every function refuses such a context, and touches nothing through it. */
static int refuses(sast_context_t *net)
{
    sast_counters_t counters;
    sast_lost_t lost;
    int32_t membrane;
    uint16_t answer;

    EXPECT(sast_reset(net) == SAST_ERR_ARGUMENT);
    EXPECT(sast_push(net, 0, 0, 0) == SAST_ERR_ARGUMENT);
    EXPECT(sast_step(net) == SAST_ERR_ARGUMENT);
    EXPECT(sast_result(net, &answer, NULL) == SAST_ERR_ARGUMENT);
    EXPECT(sast_counters(net, 0, &counters) == SAST_ERR_ARGUMENT);
    EXPECT(sast_set_observer(net, NULL) == SAST_ERR_ARGUMENT);
    EXPECT(sast_membrane(net, 0, 0, &membrane) == SAST_ERR_ARGUMENT);
    EXPECT(sast_set_event_limit(net, 1) == SAST_ERR_ARGUMENT);
    EXPECT(sast_lost(net, &lost) == SAST_ERR_ARGUMENT);
    EXPECT(sast_steps(net) == 0u);
    return 0;
}

static int before_init(void)
{
    static const int fills[] = {0x00, 0x01, 0x5A, 0xA5, 0xFF};
    sast_context_t net;
    sast_context_t copy;
    size_t i;

    EXPECT(refuses(NULL) == 0);
    for (i = 0; i < sizeof fills / sizeof fills[0]; ++i) {
        memset(&net, fills[i], sizeof net);
        EXPECT(refuses(&net) == 0);
        EXPECT(sast_init(&net, &a_model, &memory, sizeof memory) == SAST_OK); /* whatever it held */
        EXPECT(sast_push(&net, 0, 0, 0) == SAST_OK);
        copy = net;
        EXPECT(refuses(&copy) == 0);
        EXPECT(sast_step(&net) == SAST_OK);
        memcpy(&copy, &net, sizeof net);
        EXPECT(refuses(&copy) == 0);
        EXPECT(sast_init(&copy, &a_model, &memory, sizeof memory) == SAST_OK);
    }
    return 0;
}

static int init(void)
{
    sast_context_t net;
    sast_model_t other = a_model;

    EXPECT(sast_init(NULL, &a_model, &memory, sizeof memory) == SAST_ERR_ARGUMENT);
    EXPECT(sast_init(&net, NULL, &memory, sizeof memory) == SAST_ERR_ARGUMENT);
    EXPECT(sast_init(&net, &a_model, NULL, sizeof memory) == SAST_ERR_ARGUMENT);
    EXPECT(sast_init(&net, &a_model, &memory, sizeof memory - 1u) == SAST_ERR_MEMORY);
    EXPECT(sast_step(&net) == SAST_ERR_ARGUMENT); /* a failed init leaves no half-made context */
    EXPECT(sast_init(&net, &a_model, (uint8_t *)&memory + 1, sizeof memory) == SAST_ERR_MEMORY);
    other.table_version = SAST_TABLE_VERSION + 1u;
    EXPECT(sast_init(&net, &other, &memory, sizeof memory) == SAST_ERR_MODEL);
    EXPECT(sast_init(&net, &a_model, &memory, sizeof memory) == SAST_OK);
    return 0;
}

static int running(void)
{
    sast_context_t net;
    sast_counters_t counters;
    sast_step_crc_t crc;
    uint32_t before;
    int32_t membrane;
    uint16_t answer;
    uint16_t i;

    EXPECT(sast_init(&net, &a_model, &memory, sizeof memory) == SAST_OK);
    EXPECT(sast_push(&net, A_MODEL_SENSOR_WIDTH, 0, 0) == SAST_ERR_RANGE);
    EXPECT(sast_push(&net, 0, A_MODEL_SENSOR_HEIGHT, 0) == SAST_ERR_RANGE);
    EXPECT(sast_push(&net, 0, 0, 2) == SAST_ERR_RANGE);
    EXPECT(sast_push(&net, A_MODEL_SENSOR_WIDTH - 1u, A_MODEL_SENSOR_HEIGHT - 1u, 1) == SAST_OK);
    EXPECT(sast_result(&net, NULL, outputs) == SAST_ERR_ARGUMENT);
    EXPECT(sast_counters(&net, a_model.layer_count, &counters) == SAST_ERR_RANGE);
    EXPECT(sast_step_crc_attach(&net, NULL) == SAST_ERR_ARGUMENT);
    EXPECT(sast_step_crc_attach(&net, &crc) == SAST_OK);
    EXPECT(sast_step(&net) == SAST_OK && sast_steps(&net) == 1u);
    before = sast_step_crc_value(&crc);
    EXPECT(sast_set_observer(&net, NULL) == SAST_OK);
    EXPECT(sast_step(&net) == SAST_OK && sast_step_crc_value(&crc) == before);
    EXPECT(sast_result(&net, &answer, outputs) == SAST_OK && answer < A_MODEL_CLASSES);
    for (i = 0; i < a_model.layer_count; ++i) {
        const int weighted = a_model.layers[i].kind <= SAST_RECURRENT_LINEAR;

        EXPECT(sast_counters(&net, i, &counters) == (weighted ? SAST_OK : SAST_ERR_RANGE));
        EXPECT(!weighted || sast_counters(&net, i, NULL) == SAST_ERR_ARGUMENT);
        EXPECT(sast_membrane(&net, i, 0, &membrane) == (weighted ? SAST_OK : SAST_ERR_RANGE));
        EXPECT(!weighted || sast_membrane(&net, i, 0, NULL) == SAST_ERR_ARGUMENT);
        EXPECT(sast_membrane(&net, i, UINT32_MAX, &membrane) == SAST_ERR_RANGE);
    }
    return 0;
}

/* What an observer, or an interrupt amid a step, may do, and what it may not. */
typedef struct {
    sast_context_t *net;
    int calls;
    int wrong;
} intruder_t;

static void intrude(void *user)
{
    intruder_t *intruder = (intruder_t *)user;
    sast_context_t *net = intruder->net;
    sast_counters_t counters;
    int32_t membrane;
    uint16_t answer;

    ++intruder->calls;
    intruder->wrong += sast_push(net, 0, 0, 0) != SAST_ERR_BUSY;
    intruder->wrong += sast_push(net, 0, 0, 2) != SAST_ERR_BUSY;
    intruder->wrong += sast_step(net) != SAST_ERR_BUSY;
    intruder->wrong += sast_reset(net) != SAST_ERR_BUSY;
    intruder->wrong += sast_set_observer(net, NULL) != SAST_ERR_BUSY;
    intruder->wrong += sast_set_event_limit(net, 1) != SAST_ERR_BUSY;
    intruder->wrong += sast_counters(net, 0, &counters) != SAST_OK;
    intruder->wrong += sast_membrane(net, 0, 0, &membrane) != SAST_OK;
    intruder->wrong += sast_result(net, &answer, NULL) != SAST_OK;
}

static void intrude_at_neuron(void *user, uint16_t layer, uint32_t neuron, int32_t membrane, uint8_t spike)
{
    (void)layer;
    (void)neuron;
    (void)membrane;
    (void)spike;
    intrude(user);
}

static void intrude_at_layer(void *user, uint16_t layer, const sast_counters_t *counters)
{
    (void)layer;
    (void)counters;
    intrude(user);
}

/* Calls amid a step change nothing: the same as a network that is left alone, with and without an event before. */
static int amid_a_step(void)
{
    static a_memory_t other_memory;
    static int32_t other_outputs[A_MODEL_CLASSES];
    sast_context_t net;
    sast_context_t alone;
    intruder_t intruder = {NULL, 0, 0};
    sast_observer_t observer = {NULL, intrude, intrude_at_neuron, intrude_at_layer};
    sast_lost_t lost;
    uint16_t answers[2];
    uint32_t step;

    intruder.net = &net;
    observer.user = &intruder;
    EXPECT(sast_init(&net, &a_model, &memory, sizeof memory) == SAST_OK);
    EXPECT(sast_init(&alone, &a_model, &other_memory, sizeof other_memory) == SAST_OK);
    EXPECT(sast_set_observer(&net, &observer) == SAST_OK);
    for (step = 0; step < 6u; ++step) {
        if (step % 2u == 0u) {
            EXPECT(sast_push(&net, 1, 1, 1) == SAST_OK && sast_push(&alone, 1, 1, 1) == SAST_OK);
        }
        EXPECT(sast_step(&net) == SAST_OK && sast_step(&alone) == SAST_OK);
        EXPECT(memcmp(&memory, &other_memory, sizeof memory) == 0);
    }
    EXPECT(intruder.calls > 6 * 3 && intruder.wrong == 0);
    EXPECT(sast_lost(&net, &lost) == SAST_OK && lost.busy == 2u * (uint32_t)intruder.calls && lost.overload == 0u);
    EXPECT(sast_result(&net, &answers[0], outputs) == SAST_OK);
    EXPECT(sast_result(&alone, &answers[1], other_outputs) == SAST_OK);
    EXPECT(answers[0] == answers[1] && memcmp(outputs, other_outputs, sizeof outputs) == 0);
    net.lost.busy = UINT32_MAX; /* stays there */
    EXPECT(sast_step(&net) == SAST_OK && sast_lost(&net, &lost) == SAST_OK && lost.busy == UINT32_MAX);
    EXPECT(sast_reset(&net) == SAST_OK && sast_lost(&net, &lost) == SAST_OK && lost.busy == 0u);
    EXPECT(sast_lost(&net, NULL) == SAST_ERR_ARGUMENT);
    return 0;
}

/* A limit takes the first events that count, refuses the others, and lets through what would not count anyway. */
static int limited(void)
{
    static a_memory_t other_memory;
    sast_context_t net;
    sast_context_t alone;
    sast_lost_t lost;
    uint32_t step;
    uint16_t i;

    EXPECT(sast_init(&net, &a_model, &memory, sizeof memory) == SAST_OK);
    EXPECT(sast_init(&alone, &a_model, &other_memory, sizeof other_memory) == SAST_OK);
    EXPECT(a_model.count_cap == 1u);
    EXPECT(sast_push(&net, 0, 0, 0) == SAST_OK && sast_push(&alone, 0, 0, 0) == SAST_OK);
    EXPECT(sast_set_event_limit(&net, 2) == SAST_OK); /* from the next step on */
    EXPECT(sast_push(&net, 1, 0, 0) == SAST_OK && sast_push(&alone, 1, 0, 0) == SAST_OK);
    EXPECT(sast_push(&net, 2, 0, 0) == SAST_OK && sast_push(&alone, 2, 0, 0) == SAST_OK);
    for (step = 0; step < 4u; ++step) {
        EXPECT(sast_step(&net) == SAST_OK && sast_step(&alone) == SAST_OK);
        EXPECT(memcmp(&memory, &other_memory, sizeof memory) == 0);
        EXPECT(sast_push(&net, 1, 1, 1) == SAST_OK && sast_push(&alone, 1, 1, 1) == SAST_OK);
        for (i = 0; i < 10u; ++i) {
            EXPECT(sast_push(&net, 1, 1, 1) == SAST_OK); /* repeats do not count */
        }
        EXPECT(sast_push(&net, A_MODEL_SENSOR_WIDTH, 0, 0) == SAST_ERR_RANGE);
        EXPECT(sast_push(&net, 2, 1, 0) == SAST_OK && sast_push(&alone, 2, 1, 0) == SAST_OK);
        EXPECT(sast_push(&net, 2, 1, 1) == SAST_ERR_OVERLOAD);
        EXPECT(sast_push(&net, 0, 1, 1) == SAST_ERR_OVERLOAD);
        EXPECT(sast_push(&net, 1, 1, 1) == SAST_OK && sast_push(&net, 2, 1, 0) == SAST_OK);
        EXPECT(sast_push(&net, A_MODEL_SENSOR_WIDTH, 0, 0) == SAST_ERR_RANGE);
    }
    EXPECT(sast_lost(&net, &lost) == SAST_OK && lost.overload == 8u && lost.busy == 0u);
    EXPECT(sast_reset(&net) == SAST_OK && sast_lost(&net, &lost) == SAST_OK && lost.overload == 0u);
    EXPECT(sast_push(&net, 0, 0, 0) == SAST_OK && sast_push(&net, 1, 0, 0) == SAST_OK);
    EXPECT(sast_push(&net, 2, 0, 0) == SAST_ERR_OVERLOAD); /* a reset keeps the limit */
    EXPECT(sast_set_event_limit(&net, 0) == SAST_OK && sast_step(&net) == SAST_OK);
    for (i = 0; i < A_MODEL_SENSOR_WIDTH; ++i) {
        EXPECT(sast_push(&net, i, 0, 0) == SAST_OK);
    }
    return 0;
}

int main(void)
{
    EXPECT(strcmp(sast_status_name(SAST_ERR_MEMORY), "SAST_ERR_MEMORY") == 0);
    EXPECT(strcmp(sast_status_name(SAST_ERR_BUSY), "SAST_ERR_BUSY") == 0);
    EXPECT(strcmp(sast_status_name(SAST_ERR_OVERLOAD), "SAST_ERR_OVERLOAD") == 0);
    EXPECT((sast_crc32_update(SAST_CRC32_INIT, (const uint8_t *)"123456789", 9) ^ SAST_CRC32_INIT) == 0xCBF43926u);
    return before_init() != 0 || init() != 0 || running() != 0 || amid_a_step() != 0 || limited() != 0;
}
