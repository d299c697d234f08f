/* SPDX-License-Identifier: 0BSD */
/*
 * sast_sweep_idle.c: the sweep of a convolution of which not every cell has been touched by a spike since sast_reset.
 *
 * Untouched cells all hold the same: their initial membranes, leaked and biased step by step. One cell stands for them all.
 * Should it spike, they all get membranes of their own first. The observer sees every neuron: for it, untouched cells are
 * filled in and swept like the others, which changes nothing that counts.
 */
#include "sast_sweep.h"

#define SAST_FEW_IDLE 3u /* below an eighth of the cells */

/* Copies `from` to every untouched cell. */
static void fill_untouched(const sast_sweeping_t *sweep, const uint32_t *idle, const uint32_t *from)
{
    const sast_layer_t *layer = sweep->layer;
    uint32_t *membranes = sast_words(sweep->context, layer->membranes);
    uint32_t cell;

    for (cell = 0; cell < layer->cells; ++cell) {
        if (!sast_is_touched(idle, cell)) {
            sast_copy(membranes + cell * layer->cell_words, from, layer->cell_words);
        }
    }
}

/* Sweeps the shared cell; false if it spikes. The first untouched cell's place, returned, keeps what it held before. */
static bool sweep_shared(sast_sweeping_t *sweep, uint32_t *idle, const uint32_t **before)
{
    const sast_layer_t *layer = sweep->layer;
    uint32_t *membranes = sast_words(sweep->context, layer->membranes);
    const sast_hit_t *hit;
    uint32_t cell = 0;
    bool more;

    while (sast_is_touched(idle, cell)) {
        ++cell;
    }
    *before = membranes + cell * layer->cell_words;
    sast_copy(membranes + cell * layer->cell_words, sast_idle_cell(layer, idle), layer->cell_words);
    more = sast_sweep_start(sweep, sast_idle_cell(layer, idle), 1);
    for (;;) {
        for (hit = sweep->hits; hit != sweep->run.next_hit; ++hit) {
            if (hit->flags != 0u) {
                return false;
            }
        }
        if (!more) {
            return true;
        }
        more = sast_sweep_go_on(sweep);
    }
}

/* Every run of touched cells. */
static void sweep_touched(sast_sweeping_t *sweep, const uint32_t *idle)
{
    const uint32_t cells = sweep->layer->cells;
    uint32_t cell = 0;

    while (cell < cells) {
        const uint32_t first = cell;

        if (!sast_is_touched(idle, cell)) {
            cell += idle[1u + (cell >> 5)] >> (cell & 31u) == 0u ? 32u - (cell & 31u) : 1u;
            continue;
        }
        while (cell < cells && sast_is_touched(idle, cell)) {
            ++cell;
        }
        sast_sweep_cells(sweep, first, cell);
    }
}

void sast_sweep_idle(sast_context_t *context, const sast_layer_t *layer)
{
    uint32_t *idle = sast_words(context, layer->idle);
    const uint32_t *before = sast_idle_cell(layer, idle);
    sast_sweeping_t sweep;

    sast_sweep_begin(&sweep, context, layer);
    if (*idle != 0u && *idle < layer->cells >> SAST_FEW_IDLE) { /* to look at every spike costs more than to sweep them */
        fill_untouched(&sweep, idle, before);
        *idle = 0;
    }
    if (*idle != 0u && !sweep_shared(&sweep, idle, &before)) {
        fill_untouched(&sweep, idle, before);
        *idle = 0;
    }
    if (context->observer.neuron != NULL) {
        if (*idle != 0u) {
            fill_untouched(&sweep, idle, before);
        }
        sast_sweep_shown(&sweep);
    } else if (*idle != 0u) {
        sweep_touched(&sweep, idle);
    } else {
        sast_sweep_cells(&sweep, 0, layer->cells);
    }
    sast_counters_of(context, layer)->spikes = sweep.spikes;
}
