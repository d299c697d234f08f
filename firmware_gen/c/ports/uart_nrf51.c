/* SPDX-License-Identifier: 0BSD */
/* uart_nrf51.c: the UART of the nRF51 series, on the pins of the BBC micro:bit. */
#include "port.h"
#include "ring.h"

#define START_RX PORT_REGISTER(PORT_UART_BASE + 0x000u)
#define START_TX PORT_REGISTER(PORT_UART_BASE + 0x008u)
#define RECEIVED PORT_REGISTER(PORT_UART_BASE + 0x108u)
#define SENT PORT_REGISTER(PORT_UART_BASE + 0x11Cu)
#define INTERRUPT_SET PORT_REGISTER(PORT_UART_BASE + 0x304u)
#define ENABLE PORT_REGISTER(PORT_UART_BASE + 0x500u)
#define PIN_TX PORT_REGISTER(PORT_UART_BASE + 0x50Cu)
#define PIN_RX PORT_REGISTER(PORT_UART_BASE + 0x514u)
#define DATA_RX PORT_REGISTER(PORT_UART_BASE + 0x518u)
#define DATA_TX PORT_REGISTER(PORT_UART_BASE + 0x51Cu)
#define BAUD_RATE PORT_REGISTER(PORT_UART_BASE + 0x524u)

#define ENABLE_UART 4u
#define INTERRUPT_RECEIVED (1u << 2)
#define BAUD_115200 0x01D7E000u

#if PORT_BAUD != 115200
#error "this port knows the divider of 115200 baud only"
#endif

void uart_start(void)
{
    PIN_TX = 24;
    PIN_RX = 25;
    BAUD_RATE = BAUD_115200;
    ENABLE = ENABLE_UART;
    RECEIVED = 0;
    SENT = 0;
    INTERRUPT_SET = INTERRUPT_RECEIVED;
    START_RX = 1;
    START_TX = 1;
}

void uart_send(const uint8_t *bytes, size_t size)
{
    for (; size != 0; --size) {
        SENT = 0;
        DATA_TX = *bytes++;
        while (SENT == 0) {
        }
    }
}

void uart_interrupt(void)
{
    while (RECEIVED != 0) {
        RECEIVED = 0; /* before the data: reading it raises the event again where more waits */
        ring_put((uint8_t)DATA_RX);
    }
}
