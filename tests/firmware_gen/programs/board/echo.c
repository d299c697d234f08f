/*
 * echo.c: proves a port without the board application. Every byte comes back, but for two commands: 0xFE answers with
 * the ticks around a loop of LOOPS rounds (uint32 little-endian, with LOOPS and the cost of looking subtracted by the
 * test), 0xFF answers with ring_lost and ring_most.
 */
#include "port.h"
#include "ring.h"

static void send32(uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};

    uart_send(bytes, sizeof bytes);
}

/* Two instructions a round. */
static void spin(uint32_t rounds)
{
#if defined(__riscv)
    __asm__ volatile("1: addi %0, %0, -1\n\tbnez %0, 1b" : "+r"(rounds));
#else
    __asm__ volatile(".syntax unified\n1: subs %0, #1\n\tbne 1b" : "+l"(rounds)::"cc");
#endif
}

static uint32_t timed(uint32_t rounds)
{
    const uint32_t start = ticks_now();

    spin(rounds);
    return ticks_now() - start;
}

int main(void)
{
    uint8_t bytes[32];
    size_t size, i;

    for (;;) {
        ring_wait();
        size = ring_take(bytes, sizeof bytes);
        for (i = 0; i < size; ++i) {
            if (bytes[i] == 0xFE) {
                send32(timed(1000));
                send32(timed(1001000));
                send32(timed(10001000));
            } else if (bytes[i] == 0xFF) {
                send32(ring_lost);
                send32(ring_most);
            } else {
                uart_send(&bytes[i], 1);
            }
        }
    }
}
