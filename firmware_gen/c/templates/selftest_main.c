$banner#include <inttypes.h>
#include <stdio.h>

#include "${name}_known_answers.h"
#include "${name}_model.h"
#include "sast_selftest.h"

static ${name}_memory_t memory;

/* On a board, send the report over any link instead of printing it. */
int main(void)
{
    sast_selftest_report_t report;
    const sast_selftest_t outcome = sast_selftest(&${name}_model, &memory, sizeof memory, ${name}_known_answers,
                                                  sizeof ${name}_known_answers, &report);

    if (outcome == SAST_SELFTEST_PASS) {
        printf("selftest: %" PRIu32 " recordings, every step agrees\n", report.recordings);
        return 0;
    }
    printf("selftest: recording %" PRIu32 ", step %" PRIu32 ", %s %" PRIu32 ": expected 0x%" PRIx32 ", got 0x%" PRIx32
           "\n",
           report.recording, report.step, sast_selftest_name(outcome), report.index, report.expected, report.got);
    return 1;
}
