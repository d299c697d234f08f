/*
 * sast_fire_k4.c: sast_fire_k.h for a leak shift of 4.
 */
#define SAST_LEAK 4
#define SAST_FIRE sast_fire_k4

#include "sast_fire_k.h"
