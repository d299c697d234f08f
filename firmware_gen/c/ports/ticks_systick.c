/* SPDX-License-Identifier: 0BSD */
/*
 * ticks_systick.c: SysTick, 24 bits, carried on to 32.
 *
 * A tick is PORT_TICKS_MULTIPLY / PORT_TICKS_DIVIDE of what is counted: 1 / 1 for the core's cycles; for the emulated
 * machines, whose time advances by 64 ns an instruction, what makes instructions of them. The period is a multiple of
 * the divisor, so that no rounding accumulates.
 */
#include "cpu.h"
#include "port.h"

#define CONTROL PORT_REGISTER(0xE000E010u)
#define RELOAD PORT_REGISTER(0xE000E014u)
#define VALUE PORT_REGISTER(0xE000E018u)
#define INTERRUPT_STATE PORT_REGISTER(0xE000ED04u)

#define CONTROL_RUN 7u /* core clock, interrupt, enabled */
#define SYSTICK_PENDING (1u << 26)
#define ROUNDS ((uint32_t)0x1000000 / PORT_TICKS_DIVIDE)
#define PERIOD (ROUNDS * PORT_TICKS_DIVIDE)

static volatile uint32_t periods;

void ticks_start(void)
{
    RELOAD = PERIOD - 1u;
    VALUE = 0;
    CONTROL = CONTROL_RUN;
}

void ticks_interrupt(void)
{
    periods = periods + 1u;
}

uint32_t ticks_now(void)
{
    uint32_t whole, elapsed;

    cpu_interrupts_off();
    whole = periods;
    elapsed = PERIOD - 1u - VALUE;
    if ((INTERRUPT_STATE & SYSTICK_PENDING) != 0) { /* it wrapped, before or after VALUE was read */
        ++whole;
        elapsed = PERIOD - 1u - VALUE;
    }
    cpu_interrupts_on();
    return whole * (ROUNDS * PORT_TICKS_MULTIPLY) + elapsed * PORT_TICKS_MULTIPLY / PORT_TICKS_DIVIDE;
}
