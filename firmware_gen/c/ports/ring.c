/* SPDX-License-Identifier: 0BSD */
#include "ring.h"

#include "cpu.h"
#include "port.h"

#define MASK ((uint32_t)PORT_RING_BYTES - 1u)

#if (PORT_RING_BYTES & (PORT_RING_BYTES - 1)) != 0
#error "PORT_RING_BYTES must be a power of two"
#endif

volatile uint32_t ring_lost;
volatile uint32_t ring_most;

static volatile uint8_t ring[PORT_RING_BYTES];
static volatile uint32_t written;
static volatile uint32_t taken;

void ring_put(uint8_t byte)
{
    const uint32_t at = written;
    const uint32_t waiting = at - taken;

    if (waiting > MASK) {
        ring_lost = ring_lost + 1u;
        return;
    }
    ring[at & MASK] = byte;
    written = at + 1u;
    if (waiting >= ring_most) {
        ring_most = waiting + 1u;
    }
}

size_t ring_take(uint8_t *bytes, size_t size)
{
    uint32_t at = taken;
    size_t count = 0;

    while (count < size && at != written) {
        bytes[count++] = ring[at & MASK];
        ++at;
    }
    taken = at;
    return count;
}

void ring_wait(void)
{
    while (written == taken) {
        cpu_interrupts_off();
        if (written == taken) {
            cpu_wait();
        }
        cpu_interrupts_on();
    }
}
