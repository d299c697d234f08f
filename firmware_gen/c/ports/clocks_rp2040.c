/* SPDX-License-Identifier: 0BSD */
/*
 * clocks_rp2040.c: RP2040 on a Raspberry Pi Pico: the 12 MHz crystal through the system PLL to 125 MHz, UART0 on GPIO 0
 * (send) and 1 (receive). Needs no boot stage beyond boot2_rp2040.S.
 */
#include "port.h"

#define SET 0x2000u   /* alias of a register that sets bits */
#define CLEAR 0x3000u /* and clears them */

#define RESETS 0x4000C000u
#define RESET_DONE PORT_REGISTER(RESETS + 8u)
#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_PLL_SYS (1u << 12)
#define RESET_UART0 (1u << 22)

#define CLOCKS 0x40008000u
#define REFERENCE_CONTROL PORT_REGISTER(CLOCKS + 0x30u)
#define REFERENCE_SELECTED PORT_REGISTER(CLOCKS + 0x38u)
#define SYSTEM_CONTROL PORT_REGISTER(CLOCKS + 0x3Cu)
#define SYSTEM_SELECTED PORT_REGISTER(CLOCKS + 0x44u)
#define PERIPHERAL_CONTROL PORT_REGISTER(CLOCKS + 0x48u)

#define CRYSTAL 0x40024000u
#define CRYSTAL_CONTROL PORT_REGISTER(CRYSTAL + 0x0u)
#define CRYSTAL_STATUS PORT_REGISTER(CRYSTAL + 0x4u)
#define CRYSTAL_DELAY PORT_REGISTER(CRYSTAL + 0xCu)
#define CRYSTAL_ENABLE 0xFABAA0u /* 1 to 15 MHz */
#define CRYSTAL_1_MS 47u         /* x 256 cycles of 12 MHz */
#define CRYSTAL_STABLE (1u << 31)

#define PLL 0x40028000u
#define PLL_CONTROL PORT_REGISTER(PLL + 0x0u)
#define PLL_POWER PORT_REGISTER(PLL + 0x4u)
#define PLL_MULTIPLY PORT_REGISTER(PLL + 0x8u)
#define PLL_DIVIDE PORT_REGISTER(PLL + 0xCu)
#define PLL_LOCKED (1u << 31)
#define PLL_POWER_DOWN 0x21u /* regulator and oscillator */
#define PLL_POST_POWER_DOWN 0x8u

#define GPIO0_FUNCTION PORT_REGISTER(0x40014004u)
#define GPIO1_FUNCTION PORT_REGISTER(0x4001400Cu)
#define FUNCTION_UART 2u

#if PORT_CORE_HZ != 125000000
#error "this port knows 125 MHz"
#endif

static void out_of_reset(uint32_t parts)
{
    PORT_REGISTER(RESETS + CLEAR) = parts;
    while ((RESET_DONE & parts) != parts) {
    }
}

void port_clocks(void)
{
    CRYSTAL_DELAY = CRYSTAL_1_MS;
    CRYSTAL_CONTROL = CRYSTAL_ENABLE;
    while ((CRYSTAL_STATUS & CRYSTAL_STABLE) == 0) {
    }
    SYSTEM_CONTROL = 0; /* the system runs from the reference while the PLL is changed */
    while (SYSTEM_SELECTED != 1u) {
    }
    REFERENCE_CONTROL = 2; /* the crystal */
    while (REFERENCE_SELECTED != 1u << 2) {
    }

    PORT_REGISTER(RESETS + SET) = RESET_PLL_SYS;
    out_of_reset(RESET_PLL_SYS);
    PLL_CONTROL = 1;     /* 12 MHz / 1 */
    PLL_MULTIPLY = 125;  /* 1500 MHz */
    PORT_REGISTER(PLL + 0x4u + CLEAR) = PLL_POWER_DOWN;
    while ((PLL_CONTROL & PLL_LOCKED) == 0) {
    }
    PLL_DIVIDE = (6u << 16) | (2u << 12);
    PORT_REGISTER(PLL + 0x4u + CLEAR) = PLL_POST_POWER_DOWN;
    SYSTEM_CONTROL = 1; /* its second source, which is the system PLL */
    while (SYSTEM_SELECTED != 1u << 1) {
    }
    PERIPHERAL_CONTROL = 1u << 11; /* on, from the system clock */

    out_of_reset(RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_UART0);
    GPIO0_FUNCTION = FUNCTION_UART;
    GPIO1_FUNCTION = FUNCTION_UART;
}
