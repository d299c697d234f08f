/*
 * sast_fire_k9.c: sast_fire_k.h for a leak shift of 9.
 */
#define SAST_LEAK 9
#define SAST_FIRE sast_fire_k9

#include "sast_fire_k.h"
