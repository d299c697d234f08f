/*
 * sast_fire_k15.c: sast_fire_k.h for a leak shift of 15.
 */
#define SAST_LEAK 15
#define SAST_FIRE sast_fire_k15

#include "sast_fire_k.h"
