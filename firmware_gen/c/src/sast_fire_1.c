/*
 * sast_fire_1.c: the inner loop of narrow sweeps, with up to one leak term.
 */
#include "sast_fire.h"

uint32_t sast_fire_1(sast_run_t *run, const sast_neuron_t *neuron)
{
    return sast_fire_blocks(run, neuron, false);
}
