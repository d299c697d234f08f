/* SPDX-License-Identifier: 0BSD */
/* ticks_dwt.c: the cycle counter of Cortex-M3, M4 and M7. QEMU's reads 0. */
#include "port.h"

#define DEBUG_CONTROL PORT_REGISTER(0xE000EDFCu)
#define DWT_CONTROL PORT_REGISTER(0xE0001000u)
#define DWT_CYCLES PORT_REGISTER(0xE0001004u)

#define TRACE_ENABLE (1u << 24)
#define CYCLES_ENABLE 1u

void ticks_start(void)
{
    DEBUG_CONTROL |= TRACE_ENABLE;
    DWT_CYCLES = 0;
    DWT_CONTROL |= CYCLES_ENABLE;
}

void ticks_interrupt(void)
{
}

uint32_t ticks_now(void)
{
    return DWT_CYCLES;
}
