/* Runs the emulator's driver on a QEMU machine: every step of every recording in `steps`, without an observer, then the
   end of the program. The same calls, in the same order, as the test makes from outside. */
#include "sast_emulator.h"
#include "steps.h" /* const uint8_t steps[]: uint32 steps of a recording, 0 at the end; each: uint32 events, the events */

#define STACK_TOP 0x20018000u
#define SEMIHOSTING_EXIT 0x18u
#define APPLICATION_EXIT 0x20026u

static uint8_t buffer[64];
static int32_t outputs[64];

void start(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t stack;
    void (*start)(void);
} vectors = {STACK_TOP, start};

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t run(void)
{
    const uint8_t *at = steps;
    uint32_t count = sast_emulator_init(buffer, sizeof buffer, outputs);
    uint32_t failed = count;

    for (count = get32(at); count != 0u; count = get32(at)) {
        at += 4;
        failed |= sast_emulator_reset();
        for (; count != 0u; --count) {
            const uint32_t events = get32(at);

            failed |= sast_emulator_quiet_push(at + 4, events);
            failed |= sast_emulator_quiet_step();
            at += 4u + 5u * events;
        }
    }
    return failed;
}

void start(void)
{
    register uint32_t operation __asm__("r0") = SEMIHOSTING_EXIT;
    register uint32_t reason __asm__("r1") = run() == 0u ? APPLICATION_EXIT : 0u;

    operation = SEMIHOSTING_EXIT; /* run() took r0 */
    __asm__ volatile("bkpt 0xab" : : "r"(operation), "r"(reason) : "memory");
    for (;;) {
    }
}
