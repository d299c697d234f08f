/* SPDX-License-Identifier: 0BSD */
/* clocks_none.c: an emulated machine starts with its clocks running and its pins connected. */
#include "port.h"

void port_clocks(void)
{
}
