/* SPDX-License-Identifier: 0BSD */
/* uart_stm32.c: the USART of the STM32 F1, F2 and F4 families. */
#include "port.h"
#include "ring.h"

#define STATUS PORT_REGISTER(PORT_UART_BASE + 0x00u)
#define DATA PORT_REGISTER(PORT_UART_BASE + 0x04u)
#define BAUD_RATE PORT_REGISTER(PORT_UART_BASE + 0x08u)
#define CONTROL PORT_REGISTER(PORT_UART_BASE + 0x0Cu)

#define STATUS_OVERRUN (1u << 3)
#define STATUS_RECEIVED (1u << 5)
#define STATUS_SEND_EMPTY (1u << 7)
#define CONTROL_RECEIVE (1u << 2)
#define CONTROL_SEND (1u << 3)
#define CONTROL_RECEIVE_INTERRUPT (1u << 5)
#define CONTROL_ENABLE (1u << 13)

void uart_start(void)
{
    BAUD_RATE = (PORT_UART_HZ + PORT_BAUD / 2u) / PORT_BAUD; /* 16 samples a bit: 12.4 fixed point */
    CONTROL = CONTROL_ENABLE | CONTROL_SEND | CONTROL_RECEIVE | CONTROL_RECEIVE_INTERRUPT;
}

void uart_send(const uint8_t *bytes, size_t size)
{
    for (; size != 0; --size) {
        while ((STATUS & STATUS_SEND_EMPTY) == 0) {
        }
        DATA = *bytes++;
    }
}

/* Reading the status and then the data clears an overrun too; a lost byte shows in the frame's CRC. */
void uart_interrupt(void)
{
    while ((STATUS & (STATUS_RECEIVED | STATUS_OVERRUN)) != 0) {
        ring_put((uint8_t)DATA);
    }
}
