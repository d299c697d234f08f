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

static int before_init(void)
{
    sast_context_t net = {NULL, NULL, {NULL, NULL, NULL, NULL}, 0, 0};
    sast_counters_t counters;
    int32_t membrane;
    uint16_t answer;

    EXPECT(sast_reset(&net) == SAST_ERR_ARGUMENT);
    EXPECT(sast_push(&net, 0, 0, 0) == SAST_ERR_ARGUMENT);
    EXPECT(sast_step(&net) == SAST_ERR_ARGUMENT);
    EXPECT(sast_result(&net, &answer, NULL) == SAST_ERR_ARGUMENT);
    EXPECT(sast_counters(&net, 0, &counters) == SAST_ERR_ARGUMENT);
    EXPECT(sast_set_observer(&net, NULL) == SAST_ERR_ARGUMENT);
    EXPECT(sast_membrane(&net, 0, 0, &membrane) == SAST_ERR_ARGUMENT);
    EXPECT(sast_steps(&net) == 0u);
    EXPECT(sast_step(NULL) == SAST_ERR_ARGUMENT);
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

int main(void)
{
    EXPECT(strcmp(sast_status_name(SAST_ERR_MEMORY), "SAST_ERR_MEMORY") == 0);
    EXPECT((sast_crc32_update(SAST_CRC32_INIT, (const uint8_t *)"123456789", 9) ^ SAST_CRC32_INIT) == 0xCBF43926u);
    return before_init() != 0 || init() != 0 || running() != 0;
}
