/* SPDX-License-Identifier: 0BSD */
/* machine_riscv.c: variables, the platform's interrupt controller (PLIC, first hart, machine mode) and traps. */
#include "cpu.h"
#include "port.h"
#include "startup.h"

#define PLIC_PRIORITY (PORT_PLIC_BASE + 4u * PORT_UART_IRQ)
#define PLIC_ENABLE (PORT_PLIC_BASE + 0x2000u + PORT_UART_IRQ / 32u * 4u)
#define PLIC_THRESHOLD (PORT_PLIC_BASE + 0x200000u)
#define PLIC_CLAIM (PORT_PLIC_BASE + 0x200004u)
#define EXTERNAL_INTERRUPT 0x8000000Bu

void startup_machine(void);
void machine_trap(uint32_t cause);

void startup_machine(void)
{
    port_clocks();
    startup_variables();
    uart_start();
    ticks_start();
    PORT_REGISTER(PLIC_PRIORITY) = 1;
    PORT_REGISTER(PLIC_ENABLE) = (uint32_t)1 << PORT_UART_IRQ % 32u;
    PORT_REGISTER(PLIC_THRESHOLD) = 0;
    __asm__ volatile("csrs mie, %0" ::"r"(1u << 11)); /* MEIE */
    cpu_interrupts_on();
    (void)main();
}

void machine_trap(uint32_t cause)
{
    uint32_t source;

    while (cause != EXTERNAL_INTERRUPT) { /* a fault: the debugger shows it, the host sees a board that is silent */
    }
    source = PORT_REGISTER(PLIC_CLAIM);
    if (source == PORT_UART_IRQ) {
        uart_interrupt();
    }
    if (source != 0) {
        PORT_REGISTER(PLIC_CLAIM) = source;
    }
}
