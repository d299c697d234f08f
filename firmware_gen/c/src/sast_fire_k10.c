/*
 * sast_fire_k10.c: sast_fire_k.h for a leak shift of 10.
 */
#define SAST_LEAK 10
#define SAST_FIRE sast_fire_k10

#include "sast_fire_k.h"
