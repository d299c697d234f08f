/* SPDX-License-Identifier: 0BSD */
/* ticks_instret.c: RISC-V's counter of retired instructions, its low 32 bits. */
#include "port.h"

void ticks_start(void)
{
}

uint32_t ticks_now(void)
{
    uint32_t count;

    __asm__ volatile("csrr %0, minstret" : "=r"(count));
    return count;
}
