/* SPDX-License-Identifier: 0BSD */
/* startup.h: initial values of variables, the same on every core. */
#ifndef STARTUP_H
#define STARTUP_H

#include <stdint.h>

/* From the linker script. */
extern uint32_t port_data_start[], port_data_end[], port_bss_start[], port_bss_end[], port_stack_top[];
extern const uint32_t port_data_load[];

static inline void startup_variables(void)
{
    const uint32_t *from = port_data_load;
    uint32_t *to;

    for (to = port_data_start; to != port_data_end; ++to) {
        *to = *from++;
    }
    for (to = port_bss_start; to != port_bss_end; ++to) {
        *to = 0;
    }
}

#endif /* STARTUP_H */
