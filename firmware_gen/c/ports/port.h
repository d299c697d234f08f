/* SPDX-License-Identifier: 0BSD */
/*
 * port.h: what the parts of a board port offer each other.
 *
 * A port is one file of each: startup, clocks, UART driver, ticks. port_config.h, written by edge-sast for one board
 * and one model, says which addresses and sizes they take.
 */
#ifndef PORT_H
#define PORT_H

#include <stddef.h>
#include <stdint.h>

#include "port_config.h"

/* Clock tree and pins of the UART, before anything else. Emulated machines need none (clocks_none.c). */
void port_clocks(void);

/* The UART at PORT_BAUD, 8N1, receiving by interrupt into the ring. */
void uart_start(void);

/* Blocks until the last byte is in the UART's hands. */
void uart_send(const uint8_t *bytes, size_t size);

/* The UART's interrupt: moves every byte that has arrived into the ring. */
void uart_interrupt(void);

/* A counter that wraps at 2^32; PORT_TICKS_KIND in port_config.h says of what. */
void ticks_start(void);
uint32_t ticks_now(void);

/* SysTick's interrupt; unused where the ticks come from elsewhere. */
void ticks_interrupt(void);

/* The program that startup ends in; it does not return. */
int main(void);

#define PORT_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#endif /* PORT_H */
