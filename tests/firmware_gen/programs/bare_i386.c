/* 32-bit x86 Linux without a C library: the self-test, in memory aligned as the ABI asks (to 4 bytes) and no better.
   Exit code 0: every step agrees; else 10 times the outcome, plus the status. */
#include "a_known_answers.h"
#include "a_model.h"
#include "sast_selftest.h"

void *memset(void *bytes, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void _start(void);

static struct {
    uint32_t before;
    a_memory_t memory;
} placed;

void *memset(void *bytes, int value, size_t size)
{
    volatile uint8_t *at = (uint8_t *)bytes; /* volatile: or this loop becomes a call of memset */

    while (size-- > 0u) {
        *at++ = (uint8_t)value;
    }
    return bytes;
}

void *memcpy(void *to, const void *from, size_t size)
{
    volatile uint8_t *at = (uint8_t *)to;
    const uint8_t *source = (const uint8_t *)from;

    while (size-- > 0u) {
        *at++ = *source++;
    }
    return to;
}

void _start(void)
{
    sast_selftest_report_t report;
    int code = ((uintptr_t)&placed.memory & 7u) == 4u ? 0 : 99;

    if (code == 0 && sast_selftest(&a_model, &placed.memory, sizeof placed.memory, a_known_answers,
                                   sizeof a_known_answers, &report) != SAST_SELFTEST_PASS) {
        code = 10 * (int)report.outcome + (int)report.got;
    }
    __asm__ volatile("int $0x80" : : "a"(1), "b"(code)); /* exit */
}
