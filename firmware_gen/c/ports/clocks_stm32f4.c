/* SPDX-License-Identifier: 0BSD */
/*
 * clocks_stm32f4.c: STM32 F401, F446 on a Nucleo-64 board: the internal 16 MHz oscillator through the PLL to
 * PORT_CORE_HZ, USART2 on PA2 (send) and PA3 (receive), which the board's ST-LINK carries over USB.
 */
#include "port.h"

#define RCC 0x40023800u
#define RCC_CONTROL PORT_REGISTER(RCC + 0x00u)
#define RCC_PLL PORT_REGISTER(RCC + 0x04u)
#define RCC_CONFIG PORT_REGISTER(RCC + 0x08u)
#define RCC_AHB1 PORT_REGISTER(RCC + 0x30u)
#define RCC_APB1 PORT_REGISTER(RCC + 0x40u)
#define FLASH_ACCESS PORT_REGISTER(0x40023C00u)
#define GPIOA 0x40020000u
#define GPIOA_MODE PORT_REGISTER(GPIOA + 0x00u)
#define GPIOA_PULL PORT_REGISTER(GPIOA + 0x0Cu)
#define GPIOA_FUNCTION_LOW PORT_REGISTER(GPIOA + 0x20u)

#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define CONFIG_PLL 2u
#define CONFIG_PLL_USED (2u << 2)
#define APB1_HALF (4u << 10)
#define APB1_QUARTER (5u << 10)
#define APB2_HALF (4u << 13)
#define FLASH_CACHES 0x700u /* prefetch, instruction and data cache */

/* The PLL's input is 16 MHz / 8 = 2 MHz; its oscillator runs at 336 MHz; APB1 may take 42 MHz (F401) or 45 (F446). */
#define PLL_INPUT_DIVIDE 8u
#define PLL_MULTIPLY 168u
#if PORT_CORE_HZ == 168000000
#define PLL_OUTPUT (0u << 16) /* / 2 */
#define BUS_DIVIDES (APB1_QUARTER | APB2_HALF)
#define FLASH_WAITS 5u
#elif PORT_CORE_HZ == 84000000
#define PLL_OUTPUT (1u << 16) /* / 4 */
#define BUS_DIVIDES APB1_HALF
#define FLASH_WAITS 2u
#else
#error "this port knows 84 and 168 MHz"
#endif
#define PLL_USB_DIVIDE (7u << 24) /* 48 MHz, not used, but it must be 2 or more */
#define PLL_R_DIVIDE (2u << 28)   /* F446 only, likewise; reserved and ignored on F401 */

void port_clocks(void)
{
    FLASH_ACCESS = FLASH_CACHES | FLASH_WAITS;
    while ((FLASH_ACCESS & 0xFu) != FLASH_WAITS) {
    }
    RCC_PLL = PLL_R_DIVIDE | PLL_USB_DIVIDE | PLL_OUTPUT | (PLL_MULTIPLY << 6) | PLL_INPUT_DIVIDE;
    RCC_CONTROL |= PLL_ON;
    while ((RCC_CONTROL & PLL_READY) == 0) {
    }
    RCC_CONFIG = BUS_DIVIDES | CONFIG_PLL;
    while ((RCC_CONFIG & 0xCu) != CONFIG_PLL_USED) {
    }

    RCC_AHB1 |= 1u;        /* GPIOA */
    RCC_APB1 |= 1u << 17;  /* USART2 */
    (void)RCC_APB1;        /* two bus cycles until its registers answer */
    GPIOA_FUNCTION_LOW = (GPIOA_FUNCTION_LOW & ~0xFF00u) | 0x7700u;
    GPIOA_PULL = (GPIOA_PULL & ~0xF0u) | 0x40u; /* receive: pulled up */
    GPIOA_MODE = (GPIOA_MODE & ~0xF0u) | 0xA0u;
}
