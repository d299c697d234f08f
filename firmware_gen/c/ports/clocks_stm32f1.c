/* SPDX-License-Identifier: 0BSD */
/*
 * clocks_stm32f1.c: STM32 F103 on a Nucleo-64 board: the internal 8 MHz oscillator, halved, through the PLL to 64 MHz,
 * USART2 on PA2 (send) and PA3 (receive), which the board's ST-LINK carries over USB.
 */
#include "port.h"

#define RCC 0x40021000u
#define RCC_CONTROL PORT_REGISTER(RCC + 0x00u)
#define RCC_CONFIG PORT_REGISTER(RCC + 0x04u)
#define RCC_APB2 PORT_REGISTER(RCC + 0x18u)
#define RCC_APB1 PORT_REGISTER(RCC + 0x1Cu)
#define FLASH_ACCESS PORT_REGISTER(0x40022000u)
#define GPIOA_CONFIG_LOW PORT_REGISTER(0x40010800u)

#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define PLL_TIMES_16 (14u << 18)
#define APB1_HALF (4u << 8)
#define CONFIG_PLL 2u
#define CONFIG_PLL_USED (2u << 2)
#define FLASH_PREFETCH_2_WAITS 0x12u

#if PORT_CORE_HZ != 64000000
#error "this port knows 64 MHz"
#endif

void port_clocks(void)
{
    FLASH_ACCESS = FLASH_PREFETCH_2_WAITS;
    RCC_CONFIG = PLL_TIMES_16 | APB1_HALF;
    RCC_CONTROL |= PLL_ON;
    while ((RCC_CONTROL & PLL_READY) == 0) {
    }
    RCC_CONFIG |= CONFIG_PLL;
    while ((RCC_CONFIG & 0xCu) != CONFIG_PLL_USED) {
    }

    RCC_APB2 |= 1u << 2;  /* GPIOA */
    RCC_APB1 |= 1u << 17; /* USART2 */
    (void)RCC_APB1;
    GPIOA_CONFIG_LOW = (GPIOA_CONFIG_LOW & ~0xFF00u) | 0x4B00u; /* PA2: function, push-pull; PA3: floating input */
}
