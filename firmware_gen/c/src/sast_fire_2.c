/*
 * sast_fire_2.c: the inner loop of narrow sweeps, with two leak terms.
 */
#include "sast_fire.h"

uint32_t sast_fire_2(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, true);
}
