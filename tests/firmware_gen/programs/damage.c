/* The self-test on damaged answers: flips every byte in turn; each flip must be noticed. And on whole answers that check
   nothing, or go on after the last recording. */
#include <stdio.h>

#include "a_known_answers.h"
#include "a_model.h"
#include "sast_crc.h"
#include "sast_selftest.h"

static a_memory_t memory;
static uint8_t answers[A_KNOWN_ANSWERS_BYTES];
static uint8_t longer[A_KNOWN_ANSWERS_BYTES + 1u];

/* Outcome of `size` bytes whose last four are made their CRC. */
static sast_selftest_t sealed(uint8_t *bytes, size_t size)
{
    const uint32_t crc = sast_crc32_update(SAST_CRC32_INIT, bytes, size - 4u) ^ SAST_CRC32_INIT;
    sast_selftest_report_t report;
    unsigned i;

    for (i = 0; i < 4u; ++i) {
        bytes[size - 4u + i] = (uint8_t)((crc >> (8u * i)) & 0xFFu);
    }
    return sast_selftest(&a_model, &memory, sizeof memory, bytes, size, &report);
}

int main(void)
{
    sast_selftest_report_t report;
    size_t i;
    size_t size;

    for (i = 0; i < sizeof answers; ++i) {
        answers[i] = a_known_answers[i];
    }
    for (i = 0; i < sizeof answers; ++i) {
        answers[i] = (uint8_t)(answers[i] ^ 0x10u);
        if (sast_selftest(&a_model, &memory, sizeof memory, answers, sizeof answers, &report) != SAST_SELFTEST_ANSWERS) {
            printf("byte %u: %s\n", (unsigned)i, sast_selftest_name(report.outcome));
            return 1;
        }
        answers[i] = a_known_answers[i];
    }
    for (size = 0; size < sizeof answers; ++size) {
        if (sast_selftest(&a_model, &memory, sizeof memory, answers, size, &report) != SAST_SELFTEST_ANSWERS) {
            printf("first %u bytes: %s\n", (unsigned)size, sast_selftest_name(report.outcome));
            return 1;
        }
    }
    for (i = 0; i < sizeof answers; ++i) {
        longer[i] = answers[i];
    }
    if (sealed(longer, sizeof answers) != SAST_SELFTEST_PASS || sealed(longer, sizeof longer) != SAST_SELFTEST_ANSWERS) {
        printf("a byte after the last recording\n");
        return 1;
    }
    longer[44] = 0; /* recordings: there is one */
    if (sealed(longer, 60u + 4u) != SAST_SELFTEST_ANSWERS) {
        printf("no recordings\n");
        return 1;
    }
    return sast_selftest(&a_model, &memory, sizeof memory, answers, sizeof answers, &report) != SAST_SELFTEST_PASS;
}
