/*
 * sast_fire_k5.c: sast_fire_k.h for a leak shift of 5.
 */
#define SAST_LEAK 5
#define SAST_FIRE sast_fire_k5

#include "sast_fire_k.h"
