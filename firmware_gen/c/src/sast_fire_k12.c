/*
 * sast_fire_k12.c: sast_fire_k.h for a leak shift of 12.
 */
#define SAST_LEAK 12
#define SAST_FIRE sast_fire_k12

#include "sast_fire_k.h"
