/* SPDX-License-Identifier: 0BSD */
/*
 * ring.h: bytes from the UART's interrupt to the main program, one writer and one reader.
 *
 * Indices run freely and wrap with their type, so all PORT_RING_BYTES (a power of two) can be used. The host sends no
 * more than that ahead; `ring_lost` counts what did not fit all the same, `ring_most` is the most that ever waited.
 */
#ifndef RING_H
#define RING_H

#include <stddef.h>
#include <stdint.h>

extern volatile uint32_t ring_lost;
extern volatile uint32_t ring_most;

/* From the interrupt. */
void ring_put(uint8_t byte);

/* From the main program: up to `size` bytes; returns how many. Their room is free again at once. */
size_t ring_take(uint8_t *bytes, size_t size);

/* Sleeps until something waits. */
void ring_wait(void);

#endif /* RING_H */
