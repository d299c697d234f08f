/*
 * sast_fire_k7.c: sast_fire_k.h for a leak shift of 7.
 */
#define SAST_LEAK 7
#define SAST_FIRE sast_fire_k7

#include "sast_fire_k.h"
