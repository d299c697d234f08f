/* SPDX-License-Identifier: 0BSD */
/* uart_16550.c: the NS16550A, byte-wide registers (QEMU's RISC-V virt machine). */
#include "port.h"
#include "ring.h"

#define REGISTER(offset) (*(volatile uint8_t *)(uintptr_t)(PORT_UART_BASE + (offset)))
#define DATA REGISTER(0u)
#define DIVIDER_LOW REGISTER(0u)
#define DIVIDER_HIGH REGISTER(1u)
#define INTERRUPT_ENABLE REGISTER(1u)
#define FIFO_CONTROL REGISTER(2u)
#define LINE_CONTROL REGISTER(3u)
#define LINE_STATUS REGISTER(5u)

#define DIVIDER_ACCESS 0x80u
#define EIGHT_BITS 3u
#define FIFO_ENABLE_CLEAR 7u /* interrupt at the first byte */
#define INTERRUPT_RECEIVED 1u
#define STATUS_RECEIVED 1u
#define STATUS_SEND_EMPTY 0x20u

void uart_start(void)
{
    const uint32_t divider = PORT_UART_HZ / (16u * PORT_BAUD);

    LINE_CONTROL = DIVIDER_ACCESS | EIGHT_BITS;
    DIVIDER_LOW = (uint8_t)divider;
    DIVIDER_HIGH = (uint8_t)(divider >> 8);
    LINE_CONTROL = EIGHT_BITS;
    FIFO_CONTROL = FIFO_ENABLE_CLEAR;
    INTERRUPT_ENABLE = INTERRUPT_RECEIVED;
}

void uart_send(const uint8_t *bytes, size_t size)
{
    for (; size != 0; --size) {
        while ((LINE_STATUS & STATUS_SEND_EMPTY) == 0) {
        }
        DATA = *bytes++;
    }
}

void uart_interrupt(void)
{
    while ((LINE_STATUS & STATUS_RECEIVED) != 0) {
        ring_put(DATA);
    }
}
