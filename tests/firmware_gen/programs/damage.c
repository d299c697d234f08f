/* The self-test on damaged answers: flips every byte in turn; each flip must be noticed. */
#include <stdio.h>

#include "a_known_answers.h"
#include "a_model.h"
#include "sast_selftest.h"

static a_memory_t memory;
static uint8_t answers[A_KNOWN_ANSWERS_BYTES];

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
    return sast_selftest(&a_model, &memory, sizeof memory, answers, sizeof answers, &report) != SAST_SELFTEST_PASS;
}
