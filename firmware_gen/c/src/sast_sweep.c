/* SPDX-License-Identifier: 0BSD */
/*
 * sast_sweep.c: every spiking neuron of a narrow layer, once a step.
 *
 * A membrane in memory already holds leak(v) + bias + input. The inner loop (sast_fire_t) stores quiet neurons leaked, and
 * resets those that spike; it notes blocks with spikes, which are sent on from here, and blocks that it leaves to be dealt
 * with here, neuron by neuron. With an observer it runs one block at a time: the spikes shown are its own, the membranes
 * are computed here from what was there before. Where it stored anything else, the next step's membranes show it: a CRC
 * proves the loop that runs unobserved.
 */
#include "sast_sweep.h"

#include "sast_arithmetic.h"
#include "sast_dsp.h"
#include "sast_lanes.h"

void sast_sweep_begin(sast_sweeping_t *sweep, sast_context_t *context, const sast_layer_t *layer)
{
    sweep->context = context;
    sweep->layer = layer;
    sweep->run.full = sweep->hits + SAST_HITS;
    sweep->place_of = 0;
    sweep->row_end = layer->out_width;
    sweep->spikes = 0;
    sweep->special = layer->recurrent != NULL || layer->out_channels != 2u * layer->position_words;
}

/* Membrane after its reset of a neuron: y is its lane before, constants its word's thresholds and, two parts further on,
   offsets, behind which amounts stand where it has one of its own. */
static int32_t after_reset(const sast_layer_t *layer, int32_t y, const SAST_TABLE uint32_t *constants, uint32_t lane,
                           bool *spike)
{
    const sast_neuron_t *neuron = &layer->neuron;
    const int32_t threshold = sast_half_lane(constants[0], lane);
    const int32_t offset = sast_half_lane(constants[2u * layer->cell_words], lane);
    const int32_t u = sast_saturate(neuron, y - offset);

    *spike = y >= threshold;
    if (!*spike) {
        return u;
    }
    if (neuron->reset == SAST_RESET_ZERO) {
        return 0;
    }
    return u - (neuron->reset == SAST_RESET_AMOUNT ? sast_half_lane(constants[3u * layer->cell_words], lane)
                                                   : threshold - offset);
}

/* Deals with the hits that the inner loop has left undone. */
static void finish(sast_sweeping_t *sweep)
{
    const sast_layer_t *layer = sweep->layer;
    sast_hit_t *hit;

    for (hit = sweep->hits; hit != sweep->run.next_hit; ++hit) {
        uint32_t *membranes = hit->membranes - SAST_BLOCK_WORDS;
        const SAST_TABLE uint32_t *constants = hit->table - SAST_BLOCK_WORDS + layer->cell_words;
        int32_t low = 0;
        uint32_t n;

        if (hit->flags != SAST_UNDONE) {
            continue;
        }
        hit->flags = 0;
        for (n = 0; n < SAST_BLOCK_LANES; ++n) {
            const uint32_t lane = n & 1u;
            bool spike;
            const int32_t v = after_reset(layer, sast_lane(*membranes, lane), constants, lane, &spike);
            const int32_t stored = sast_leak(&layer->neuron, v) + sast_half_lane(constants[layer->cell_words], lane);

            hit->flags |= spike ? (uint32_t)1u << n : 0u;
            if (lane == 0u) {
                low = stored;
            } else {
                *membranes = sast_join(low, stored);
                ++membranes;
                ++constants;
            }
        }
    }
}

bool sast_sweep_go_on(sast_sweeping_t *sweep)
{
    bool more;

    sweep->run.next_hit = sweep->hits;
    sweep->run.undone = 0;
    more = sweep->layer->neuron.fire(&sweep->run, &sweep->layer->neuron) != 0u;
    if (sweep->run.undone != 0u) {
        finish(sweep);
    }
    return more;
}

bool sast_sweep_start(sast_sweeping_t *sweep, uint32_t *membranes, uint32_t cells)
{
    sweep->run.membranes = membranes;
    sweep->run.blocks_left = sweep->layer->neuron.cell_blocks_left & 0xFFu;
    sweep->run.cells = cells;
    return sast_sweep_go_on(sweep);
}

/* Moves on to the row of `position`; false if it is beyond the layer's, and only fills the last cell. */
static bool move_to_row(sast_sweeping_t *sweep, uint32_t position)
{
    const sast_layer_t *layer = sweep->layer;

    while (position >= sweep->row_end) {
        if (sweep->row_end == (uint32_t)layer->out_height * layer->out_width) {
            return false;
        }
        sweep->row_end += layer->out_width;
        sweep->place_of += 0x10000u - layer->out_width;
    }
    return true;
}

/* What a spike leaves behind in its own layer, where it does; false where it is none: padding of weights of 1 bit, which are
   not 0, can wrap. */
static bool leave(const sast_sweeping_t *sweep, uint32_t channel)
{
    const sast_layer_t *layer = sweep->layer;

    if (channel >= layer->out_channels) {
        return false;
    }
    if (layer->recurrent != NULL) {
        (void)sast_test_and_set(sast_words(sweep->context, layer->bitmap), channel);
    }
    return true;
}

/* Neurons of a block that spiked, bit by bit, are counted and sent on; its first is `channel` of `position`, or, where
   `channel` is beyond a position's, of one of those after it. */
static void send(sast_sweeping_t *sweep, uint32_t flags, uint32_t position, uint32_t channel)
{
    const sast_layer_t *layer = sweep->layer;
    const sast_layer_t *next = layer + 1;
    const uint32_t lanes = 2u * layer->position_words;

    do {
        uint32_t c = channel + sast_lowest(flags);

        while (c >= lanes) {
            c -= lanes;
            channel -= lanes;
            ++position;
        }
        if (position >= sweep->row_end && !move_to_row(sweep, position)) {
            break;
        }
        flags &= flags - 1u;
        if (sweep->special && !leave(sweep, c)) {
            continue;
        }
        ++sweep->spikes;
        next->receive(sweep->context, next, position + sweep->place_of, c);
    } while (flags != 0u);
}

/* The spikes of what the inner loop has noted, in cells up to `end` - 1. */
static void send_hits(sast_sweeping_t *sweep, uint32_t end)
{
    const sast_layer_t *layer = sweep->layer;
    const SAST_TABLE uint32_t *table = layer->neuron.table + SAST_BLOCK_WORDS;
    const sast_hit_t *hit;

    for (hit = sweep->hits; hit != sweep->run.next_hit; ++hit) {
        if (hit->flags != 0u) {
            send(sweep, hit->flags, (end - 1u - hit->cells) * layer->cell, 2u * (uint32_t)(hit->table - table));
        }
    }
}

/* The same where a linear layer notes them: a block's are neighbouring bits of what it keeps. */
static void note_hits(sast_sweeping_t *sweep)
{
    const sast_layer_t *layer = sweep->layer;
    const uint32_t neurons = (uint32_t)layer->out_height * layer->out_width * layer->out_channels;
    const uint32_t *membranes = sast_words(sweep->context, layer->membranes);
    uint32_t *notes = sast_words(sweep->context, layer->notes);
    const sast_hit_t *hit;

    for (hit = sweep->hits; hit != sweep->run.next_hit; ++hit) {
        const uint32_t n = 2u * (uint32_t)(hit->membranes - membranes) - SAST_BLOCK_LANES;

        if (n < neurons) { /* else: positions that only fill the last cell */
            notes[n >> 5] |= hit->flags << (n & 31u);
            sweep->spikes += sast_count(hit->flags);
        }
    }
}

/* The spikes that have been noted go on. */
static void deliver(sast_sweeping_t *sweep, uint32_t end)
{
    if (sweep->layer->notes != 0u) {
        note_hits(sweep);
    } else {
        send_hits(sweep, end);
    }
}

/* One block, with all its neurons shown; `channel` and `position` are of its first and move on to the next block's. */
static void show_block(sast_sweeping_t *sweep, uint32_t *position, uint32_t *channel)
{
    const sast_layer_t *layer = sweep->layer;
    const uint32_t positions = (uint32_t)layer->out_height * layer->out_width;
    uint32_t *membranes = sweep->run.membranes;
    const SAST_TABLE uint32_t *table = sweep->run.table;
    uint32_t before[SAST_BLOCK_WORDS];
    uint32_t flags = 0;
    uint32_t lane;

    for (lane = 0; lane < SAST_BLOCK_WORDS; ++lane) {
        before[lane] = membranes[lane];
    }
    sweep->run.blocks_left = (layer->neuron.cell_blocks_left & 0xFFu) | (uint32_t)1u << 8; /* this one, and no cell after it */
    sweep->run.cells = 0;
    (void)sast_sweep_go_on(sweep);
    if (sweep->run.next_hit != sweep->hits) {
        flags = sweep->hits[0].flags;
    }
    for (lane = 0; lane < SAST_BLOCK_LANES; ++lane) {
        if (*channel < layer->out_channels && *position < positions) {
            bool spike;
            const int32_t v = after_reset(layer, sast_lane(before[lane >> 1], lane & 1u),
                                          table + layer->cell_words + (lane >> 1), lane & 1u, &spike);

            sast_show(sweep->context, layer, *position * layer->out_channels + *channel, v, (flags >> lane & 1u) != 0u);
        }
        if (++*channel == 2u * layer->position_words) {
            *channel = 0;
            ++*position;
        }
    }
    sweep->run.membranes = membranes + SAST_BLOCK_WORDS;
    sweep->run.table = table + SAST_BLOCK_WORDS;
}

void sast_sweep_shown(sast_sweeping_t *sweep)
{
    const sast_layer_t *layer = sweep->layer;
    uint32_t cell;
    uint32_t block;

    sweep->run.membranes = sast_words(sweep->context, layer->membranes);
    for (cell = 0; cell < layer->cells; ++cell) {
        uint32_t position = cell * layer->cell;
        uint32_t channel = 0;

        sweep->run.table = layer->neuron.table;
        for (block = 0; block < layer->neuron.cell_blocks_left >> 8; ++block) {
            show_block(sweep, &position, &channel);
            deliver(sweep, cell + 1u); /* its last cell: a hit's says that none is left */
        }
    }
}

void sast_sweep_cells(sast_sweeping_t *sweep, uint32_t first, uint32_t end)
{
    const sast_layer_t *layer = sweep->layer;
    bool more = sast_sweep_start(sweep, sast_words(sweep->context, layer->membranes) + first * layer->cell_words,
                                 end - first);

    deliver(sweep, end);
    while (more) {
        more = sast_sweep_go_on(sweep);
        deliver(sweep, end);
    }
}

void sast_sweep(sast_context_t *context, const sast_layer_t *layer)
{
    sast_sweeping_t sweep;

    sast_sweep_begin(&sweep, context, layer);
    if (context->observer.neuron != NULL) {
        sast_sweep_shown(&sweep);
    } else {
        sast_sweep_cells(&sweep, 0, layer->cells);
    }
    sast_counters_of(context, layer)->spikes = sweep.spikes;
}
