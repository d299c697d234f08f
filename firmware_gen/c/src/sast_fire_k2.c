/*
 * sast_fire_k2.c: sast_fire_k.h for a leak shift of 2.
 */
#define SAST_LEAK 2
#define SAST_FIRE sast_fire_k2

#include "sast_fire_k.h"
