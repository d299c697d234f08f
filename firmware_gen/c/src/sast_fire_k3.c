/*
 * sast_fire_k3.c: sast_fire_k.h for a leak shift of 3.
 */
#define SAST_LEAK 3
#define SAST_FIRE sast_fire_k3

#include "sast_fire_k.h"
