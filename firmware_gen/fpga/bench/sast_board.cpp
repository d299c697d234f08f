// SPDX-License-Identifier: 0BSD
//
// sast_board.cpp: the Verilated FPGA as a program: bytes from standard input go into its UART one after the other, what
// it sends goes to standard output. It ends with its input. Time stands still while it has nothing to do.
//
// SAST_BIT: clocks of a bit.
#include "Vsast_uart_top.h"
#include "verilated.h"

#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <unistd.h>

static const int BIT = SAST_BIT;
static const int LOOK_EVERY = 1024;   // clocks, for a byte to come while it works
static const int START_CLOCKS = 16;   // of reset
static const int CHARACTER = 10 * BIT; // a start bit, eight, a stop bit

static Vsast_uart_top *fpga;

static void tick()
{
    fpga->clk = 1;
    fpga->eval();
    fpga->clk = 0;
    fpga->eval();
}

// Bytes from the host.
static unsigned char received[4096];
static ssize_t have, used;

// Whether there is a byte. wait: until there is; the end of the input ends the program.
static bool more(bool wait)
{
    if (used < have) {
        return true;
    }
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, wait ? -1 : 0) <= 0) {
        return false;
    }
    have = read(STDIN_FILENO, received, sizeof received);
    used = 0;
    if (have <= 0) {
        exit(0);
    }
    return true;
}

// Bytes to the host.
static unsigned char sent[4096];
static size_t size;

static void flush()
{
    size_t done = 0;
    while (done < size) {
        const ssize_t count = write(STDOUT_FILENO, sent + done, size - done);
        if (count <= 0) {
            exit(0);
        }
        done += (size_t)count;
    }
    size = 0;
}

// The line to the host, looked at in the middle of each bit.
static void listen()
{
    static int clock, value;
    static bool hears;

    if (!hears) {
        hears = fpga->uart_tx == 0;
        clock = 0;
        value = 0;
        return;
    }
    ++clock;
    if (clock % BIT == BIT / 2 && clock / BIT >= 1 && clock / BIT <= 8) {
        value |= fpga->uart_tx << (clock / BIT - 1);
    }
    if (clock == CHARACTER - BIT / 2) {
        hears = false;
        if (fpga->uart_tx == 0) {
            fprintf(stderr, "sast_board: a byte without a stop bit\n");
            exit(1);
        }
        sent[size++] = (unsigned char)value;
        if (value == 0 || size == sizeof sent) {
            flush();
        }
    }
}

int main(int argc, char **argv)
{
    Verilated::commandArgs(argc, argv);
    fpga = new Vsast_uart_top;
    fpga->uart_rx = 1;
    fpga->rst = 1;
    for (int i = 0; i < START_CLOCKS; ++i) {
        tick();
    }
    fpga->rst = 0;

    int clock = CHARACTER; // of the byte that is on the line
    int quiet = 0;         // clocks since something was on a line or worked on
    int look = 0;
    for (;;) {
        const bool idle = quiet > 2 * CHARACTER;
        if (clock == CHARACTER && (idle || used < have || ++look % LOOK_EVERY == 0)) {
            if (idle) {
                flush();
            }
            if (more(idle)) {
                clock = 0;
            }
        }
        if (clock < CHARACTER) {
            const int bit = clock / BIT;
            fpga->uart_rx = bit == 0 ? 0 : bit == 9 ? 1 : received[used] >> (bit - 1) & 1;
            if (++clock == CHARACTER) {
                ++used;
            }
            quiet = 0;
        }
        tick();
        listen();
        quiet = (fpga->led & 1) || fpga->uart_tx == 0 ? 0 : quiet + 1;
    }
}
