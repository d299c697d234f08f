/*
 * sast_fire_k6.c: sast_fire_k.h for a leak shift of 6.
 */
#define SAST_LEAK 6
#define SAST_FIRE sast_fire_k6

#include "sast_fire_k.h"
