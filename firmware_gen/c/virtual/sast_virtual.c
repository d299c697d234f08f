/* SPDX-License-Identifier: 0BSD */
/*
 * sast_virtual.c: a board that is a process: standard input and output are its UART.
 *
 * Compile with SAST_VIRTUAL_HEADER, SAST_VIRTUAL_MODEL and SAST_VIRTUAL_MEMORY naming the model's header, constant and
 * memory type.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "sast_board.h"
#include SAST_VIRTUAL_HEADER

#ifndef SAST_VIRTUAL_RX_BYTES
#define SAST_VIRTUAL_RX_BYTES 1024u
#endif

#define AT_ONCE 64u /* what it takes from its UART before it computes: the rest waits where the credits say it may */

typedef struct {
    size_t filled;
    uint8_t bytes[4096];
} output_t;

static int flush(output_t *output)
{
    size_t done = 0u;

    while (done < output->filled) {
        const ssize_t written = write(STDOUT_FILENO, &output->bytes[done], output->filled - done);

        if (written < 0 && errno != EINTR) {
            return 0;
        }
        done += written > 0 ? (size_t)written : 0u;
    }
    output->filled = 0u;
    return 1;
}

static void put(void *user, const uint8_t *bytes, size_t size)
{
    output_t *output = (output_t *)user;
    size_t i;

    for (i = 0u; i < size; ++i) {
        if (output->filled == sizeof output->bytes && !flush(output)) {
            return; /* no one listens any more: the next read ends the program */
        }
        output->bytes[output->filled] = bytes[i];
        ++output->filled;
    }
}

static uint32_t microseconds(void *user)
{
    struct timespec now;

    (void)user;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u);
}

int main(void)
{
    static SAST_VIRTUAL_MEMORY memory;
    static sast_board_t board;
    static output_t output;
    const sast_port_t port = {&output,       put, microseconds, 1000000u, SAST_TICKS_MICROSECONDS, "virtual",
                              SAST_VIRTUAL_RX_BYTES};
    const sast_status_t status = sast_board_init(&board, &SAST_VIRTUAL_MODEL, &memory, sizeof memory, &port);
    uint8_t bytes[AT_ONCE];
    ssize_t size;

    if (status != SAST_OK) {
        fprintf(stderr, "sast_virtual: %s\n", sast_status_name(status));
        return 1;
    }
    for (;;) {
        size = read(STDIN_FILENO, bytes, sizeof bytes);
        if (size > 0) {
            sast_board_receive(&board, bytes, (size_t)size);
        } else if (size == 0 || errno != EINTR) {
            return 0;
        }
        if (!flush(&output)) {
            return 0;
        }
    }
}
