/* SPDX-License-Identifier: 0BSD */
/*
 * boot2_rp2040.S: what the RP2040's boot ROM loads from the first 256 bytes of flash and runs: it makes the flash
 * readable as memory and starts the program behind itself.
 *
 * One plain serial read (command 03h, 24 address bits, 32 data bits) a word, at a quarter of the system clock, which
 * every flash chip understands; the 16 KB cache in front of it hides most of the slowness. The linker's output gets the
 * CRC-32 that the ROM asks for in the last 4 bytes (firmware_gen/rp2040.py). RP2040 datasheet, 2.8.1.3.1 and 4.10.13.
 */
    .syntax unified
    .cpu    cortex-m0plus
    .thumb
    .section .boot2, "ax"
    .globl  boot2
    .thumb_func
boot2:
    ldr     r0, =0x18000000         @ XIP_SSI
    movs    r1, #0
    str     r1, [r0, #8]            @ SSIENR: off while it is set up
    movs    r2, #4
    str     r2, [r0, #0x14]         @ BAUDR
    ldr     r2, =0x001F0300         @ one bit wide, 32-bit frames, send then receive
    str     r2, [r0]                @ CTRLR0
    ldr     r2, =0x03000218         @ command 03h, 8 command bits, 24 address bits
    movs    r3, #0xF4
    str     r2, [r0, r3]            @ SPI_CTRLR0
    str     r1, [r0, #4]            @ CTRLR1: one frame
    movs    r1, #1
    str     r1, [r0, #8]            @ SSIENR: on
    ldr     r0, =0x10000100         @ the program's vectors
    ldr     r1, =0xE000ED08         @ VTOR
    str     r0, [r1]
    ldmia   r0!, {r1, r2}
    msr     msp, r1
    bx      r2
    .ltorg
    .space  256 - (. - boot2)
