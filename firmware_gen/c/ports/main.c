/* SPDX-License-Identifier: 0BSD */
/* main.c: the board application of sast_board.h around this board's UART and this build's model. */
#include "port.h"
#include "ring.h"
#include "sast_board.h"

#include PORT_MODEL_HEADER

#define PORTION 32u /* bytes handed over at once; they have left the ring by then, so credits stay exact */

static PORT_MEMORY memory;
static sast_board_t board;

static void write_uart(void *user, const uint8_t *bytes, size_t size)
{
    (void)user;
    uart_send(bytes, size);
}

static uint32_t read_ticks(void *user)
{
    (void)user;
    return ticks_now();
}

static const sast_port_t port = {
    NULL, write_uart, read_ticks, PORT_TICKS_HZ, PORT_TICKS_KIND, PORT_NAME, PORT_RING_BYTES,
};

int main(void)
{
    uint8_t bytes[PORTION];

    if (sast_board_init(&board, &PORT_MODEL, &memory, sizeof memory, &port) != SAST_OK) {
        return 1; /* tables of another version, which the build refuses; startup halts */
    }
    for (;;) {
        ring_wait();
        sast_board_receive(&board, bytes, ring_take(bytes, sizeof bytes));
    }
}
