/*
 * sast_fire_k13.c: sast_fire_k.h for a leak shift of 13.
 */
#define SAST_LEAK 13
#define SAST_FIRE sast_fire_k13

#include "sast_fire_k.h"
