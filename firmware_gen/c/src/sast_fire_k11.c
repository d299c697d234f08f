/*
 * sast_fire_k11.c: sast_fire_k.h for a leak shift of 11.
 */
#define SAST_LEAK 11
#define SAST_FIRE sast_fire_k11

#include "sast_fire_k.h"
