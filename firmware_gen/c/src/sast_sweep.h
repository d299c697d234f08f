/* SPDX-License-Identifier: 0BSD */
/*
 * sast_sweep.h: what the sweeps with and without idle cells share.
 */
#ifndef SAST_SWEEP_H
#define SAST_SWEEP_H

#include "sast_internal.h"

#define SAST_HITS 8u /* blocks that are noted before their spikes are sent */

/* A sweep under way. */
typedef struct {
    sast_context_t *context;
    const sast_layer_t *layer;
    sast_run_t run;
    uint32_t place_of; /* what makes the number of a position of the last spike's row its place */
    uint32_t row_end;  /* number of the next row's first position */
    uint32_t spikes;
    bool special;      /* whether a spike may leave something behind in its own layer, or be none */
    sast_hit_t hits[SAST_HITS];
} sast_sweeping_t;

/* Fills in a sweep that has seen nothing yet. */
void sast_sweep_begin(sast_sweeping_t *sweep, sast_context_t *context, const sast_layer_t *layer);

/* Runs the inner loop over `cells` cells from `membranes` on, as far as there is room for hits; false at the end. */
bool sast_sweep_start(sast_sweeping_t *sweep, uint32_t *membranes, uint32_t cells);
bool sast_sweep_go_on(sast_sweeping_t *sweep);

/* Sweeps cells `first` to `end` - 1; their spikes go on. Called with ascending cells. */
void sast_sweep_cells(sast_sweeping_t *sweep, uint32_t first, uint32_t end);

/* Sweeps all cells and shows every neuron to the observer. */
void sast_sweep_shown(sast_sweeping_t *sweep);

#endif /* SAST_SWEEP_H */
