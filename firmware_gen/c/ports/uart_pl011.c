/* SPDX-License-Identifier: 0BSD */
/* uart_pl011.c: Arm's PrimeCell UART (RP2040). */
#include "port.h"
#include "ring.h"

#define DATA PORT_REGISTER(PORT_UART_BASE + 0x00u)
#define FLAGS PORT_REGISTER(PORT_UART_BASE + 0x18u)
#define DIVIDER PORT_REGISTER(PORT_UART_BASE + 0x24u)
#define DIVIDER_64THS PORT_REGISTER(PORT_UART_BASE + 0x28u)
#define LINE_CONTROL PORT_REGISTER(PORT_UART_BASE + 0x2Cu)
#define CONTROL PORT_REGISTER(PORT_UART_BASE + 0x30u)
#define FIFO_LEVELS PORT_REGISTER(PORT_UART_BASE + 0x34u)
#define INTERRUPT_MASK PORT_REGISTER(PORT_UART_BASE + 0x38u)

#define FLAG_RX_EMPTY (1u << 4)
#define FLAG_TX_FULL (1u << 5)
#define EIGHT_BITS_FIFO 0x70u
#define CONTROL_ENABLE 0x301u /* UART, send, receive */
#define INTERRUPT_RX ((1u << 4) | (1u << 6)) /* FIFO at its level; bytes left lying for 32 bit times */

void uart_start(void)
{
    const uint32_t divider = (4u * PORT_UART_HZ + PORT_BAUD / 2u) / PORT_BAUD; /* 16 samples a bit, in 64ths */

    DIVIDER = divider >> 6;
    DIVIDER_64THS = divider & 63u;
    LINE_CONTROL = EIGHT_BITS_FIFO; /* takes the divider over */
    FIFO_LEVELS = 0;                /* receive interrupt at 4 of 32 bytes */
    INTERRUPT_MASK = INTERRUPT_RX;
    CONTROL = CONTROL_ENABLE;
}

void uart_send(const uint8_t *bytes, size_t size)
{
    for (; size != 0; --size) {
        while ((FLAGS & FLAG_TX_FULL) != 0) {
        }
        DATA = *bytes++;
    }
}

/* Emptying the FIFO clears both interrupts. */
void uart_interrupt(void)
{
    while ((FLAGS & FLAG_RX_EMPTY) == 0) {
        ring_put((uint8_t)DATA);
    }
}
