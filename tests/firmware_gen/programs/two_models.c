/* Two models, and two contexts of the first, interleaved: each must answer as it does alone. */
#include <stdio.h>

#include "a_known_answers.h"
#include "a_model.h"
#include "b_known_answers.h"
#include "b_model.h"
#include "sast_crc.h"
#include "sast_selftest.h"

static a_memory_t first_memory;
static a_memory_t second_memory;
static b_memory_t other_memory;

/* CRC over the CRCs of `steps` steps; between them, other contexts run. */
static uint32_t run(const uint32_t steps, sast_context_t *others, const unsigned other_count)
{
    sast_context_t net;
    sast_step_crc_t crc;
    uint32_t all = SAST_CRC32_INIT;
    uint32_t step;

    (void)sast_init(&net, &a_model, &first_memory, sizeof first_memory);
    (void)sast_step_crc_attach(&net, &crc);
    for (step = 0; step < steps; ++step) {
        uint8_t low;
        unsigned i;

        for (i = 0; i < other_count; ++i) {
            (void)sast_push(&others[i], 0, 0, 0);
            (void)sast_push(&net, (uint16_t)(step % A_MODEL_SENSOR_WIDTH), 0, 1);
            (void)sast_step(&others[i]);
        }
        (void)sast_push(&net, (uint16_t)(step % A_MODEL_SENSOR_WIDTH), 0, 1);
        (void)sast_step(&net);
        low = (uint8_t)(sast_step_crc_value(&crc) & 0xFFu);
        all = sast_crc32_update(all, &low, 1);
    }
    return all;
}

int main(void)
{
    sast_selftest_report_t report;
    sast_context_t others[2];

    if (sast_selftest(&a_model, &first_memory, sizeof first_memory, a_known_answers, sizeof a_known_answers, &report)
            != SAST_SELFTEST_PASS
        || sast_selftest(&b_model, &other_memory, sizeof other_memory, b_known_answers, sizeof b_known_answers, &report)
               != SAST_SELFTEST_PASS) {
        printf("%s\n", sast_selftest_name(report.outcome));
        return 1;
    }
    if (sast_init(&others[0], &a_model, &second_memory, sizeof second_memory) != SAST_OK
        || sast_init(&others[1], &b_model, &other_memory, sizeof other_memory) != SAST_OK) {
        return 2;
    }
    /* With presence input a second event at the same place changes nothing, so both runs see the same. */
    return run(20, others, 0) == run(20, others, 2) ? 0 : 3;
}
