/*
 * sast_fire_k14.c: sast_fire_k.h for a leak shift of 14.
 */
#define SAST_LEAK 14
#define SAST_FIRE sast_fire_k14

#include "sast_fire_k.h"
