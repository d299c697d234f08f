/* SPDX-License-Identifier: 0BSD */
/* startup_cortex_m.c: vector table, reset, and the interrupts that are used, for any Cortex-M. */
#include "port.h"
#include "startup.h"

#define NVIC_ENABLE 0xE000E100u
#define COPROCESSORS 0xE000ED88u /* CPACR */

typedef union {
    uint32_t *stack;
    void (*entry)(void);
} vector_t;

void reset(void);

/* The debugger shows the place; the host sees a board that no longer answers. */
static void fault(void)
{
    for (;;) {
    }
}

void reset(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    PORT_REGISTER(COPROCESSORS) |= 0xF00000u;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    port_clocks();
    startup_variables();
    uart_start();
    ticks_start();
    PORT_REGISTER(NVIC_ENABLE + PORT_UART_IRQ / 32u * 4u) = (uint32_t)1 << PORT_UART_IRQ % 32u;
    (void)main();
    fault();
}

extern const vector_t port_vectors[16 + PORT_UART_IRQ + 1];

__attribute__((section(".vectors"), used)) const vector_t port_vectors[16 + PORT_UART_IRQ + 1] = {
    {.stack = port_stack_top},
    {.entry = reset},
    {.entry = fault}, /* NMI */
    {.entry = fault}, /* HardFault */
    {.entry = fault}, /* MemManage */
    {.entry = fault}, /* BusFault */
    {.entry = fault}, /* UsageFault */
    {.entry = fault}, /* SecureFault */
    [11] = {.entry = fault}, /* SVCall */
    [12] = {.entry = fault}, /* DebugMonitor */
    [14] = {.entry = fault}, /* PendSV */
    [15] = {.entry = ticks_interrupt},
    [16 + PORT_UART_IRQ] = {.entry = uart_interrupt},
};
