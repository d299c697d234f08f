/*
 * sast_fire_k8.c: sast_fire_k.h for a leak shift of 8.
 */
#define SAST_LEAK 8
#define SAST_FIRE sast_fire_k8

#include "sast_fire_k.h"
