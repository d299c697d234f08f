/* SPDX-License-Identifier: 0BSD */
/*
 * sast_fire_k$k.c: sast_fire_k.h for a leak shift of $k.
 */
#define SAST_LEAK $k
#define SAST_FIRE sast_fire_k$k

#include "sast_fire_k.h"
