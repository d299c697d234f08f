/* SPDX-License-Identifier: 0BSD */
/* uart_cmsdk.c: the UART of Arm's Cortex-M System Design Kit (MPS2 and MPS3 boards). */
#include "port.h"
#include "ring.h"

#define DATA PORT_REGISTER(PORT_UART_BASE + 0x0u)
#define STATE PORT_REGISTER(PORT_UART_BASE + 0x4u)
#define CONTROL PORT_REGISTER(PORT_UART_BASE + 0x8u)
#define INTERRUPT PORT_REGISTER(PORT_UART_BASE + 0xCu)
#define DIVIDER PORT_REGISTER(PORT_UART_BASE + 0x10u)

#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CONTROL_TX 1u
#define CONTROL_RX 2u
#define CONTROL_RX_INTERRUPT 8u
#define INTERRUPT_RX 2u

void uart_start(void)
{
    DIVIDER = PORT_UART_HZ / PORT_BAUD;
    CONTROL = CONTROL_TX | CONTROL_RX | CONTROL_RX_INTERRUPT;
}

void uart_send(const uint8_t *bytes, size_t size)
{
    for (; size != 0; --size) {
        while ((STATE & STATE_TX_FULL) != 0) {
        }
        DATA = *bytes++;
    }
}

void uart_interrupt(void)
{
    INTERRUPT = INTERRUPT_RX; /* before the data: the next byte may raise it again meanwhile */
    while ((STATE & STATE_RX_FULL) != 0) {
        ring_put((uint8_t)DATA);
    }
}
