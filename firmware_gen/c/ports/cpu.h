/* SPDX-License-Identifier: 0BSD */
/* cpu.h: the three instructions that waiting for an interrupt takes. */
#ifndef CPU_H
#define CPU_H

#if defined(__riscv)

static inline void cpu_interrupts_off(void)
{
    __asm__ volatile("csrci mstatus, 8" ::: "memory");
}

static inline void cpu_interrupts_on(void)
{
    __asm__ volatile("csrsi mstatus, 8" ::: "memory");
}

#else

static inline void cpu_interrupts_off(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
}

static inline void cpu_interrupts_on(void)
{
    __asm__ volatile("cpsie i" ::: "memory");
}

#endif

/* Call it with interrupts off: a pending interrupt ends the wait, and is taken when they are on again. With interrupts
   on, one that arrives between the last look and the wait would be slept through. */
static inline void cpu_wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

#endif /* CPU_H */
