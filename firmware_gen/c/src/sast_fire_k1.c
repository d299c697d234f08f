/*
 * sast_fire_k1.c: sast_fire_k.h for a leak shift of 1.
 */
#define SAST_LEAK 1
#define SAST_FIRE sast_fire_k1

#include "sast_fire_k.h"
