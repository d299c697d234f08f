/*
 * sast_sweep.c: every spiking neuron of a narrow layer, once a step.
 *
 * A membrane in memory already holds leak(v) + input. The inner loop (sast_fire_t) adds bias, saturates, compares and
 * stores leaked; it stops at blocks with a spike, whose neurons are reset here and sent on. With an observer it runs one
 * block at a time: the spikes shown are its own, the membranes are computed here from what was there before. Where it
 * stored anything else, the next step's membranes show it: a CRC proves the loop that runs unobserved.
 */
#include "sast_arithmetic.h"
#include "sast_dsp.h"
#include "sast_sweep.h"

void sast_sweep_begin(sast_sweeping_t *sweep, sast_context_t *context, const sast_layer_t *layer)
{
    sweep->context = context;
    sweep->layer = layer;
    sweep->run.zero = layer->neuron.zero;
    sweep->place_of = 0;
    sweep->row_end = layer->out_width;
    sweep->leaves = layer->neuron.reset == SAST_RESET_SUBTRACT || layer->recurrent != NULL;
    sweep->spikes = 0;
}

/* Membrane after its reset of neuron `lane` of the block that the inner loop has just left. */
static int32_t after_reset(const sast_sweeping_t *sweep, uint32_t lane, bool spike)
{
    const sast_neuron_t *neuron = &sweep->layer->neuron;
    const uint32_t *constants = sweep->run.table - 2u * SAST_BLOCK_WORDS + (lane & 6u);
    const int32_t a = (int32_t)sast_half(constants[0], lane & 1u);
    const int32_t c = (int32_t)sast_half(constants[1], lane & 1u);
    const int32_t sum = (int32_t)sast_half(sweep->run.before[lane >> 1], lane & 1u) + a;

    if (!spike) {
        return sum > c ? sum - c + neuron->low : neuron->low;
    }
    if (neuron->reset == SAST_RESET_ZERO) {
        return 0;
    }
    /* u - threshold, u clipped at high; the threshold is 65536 - c + low */
    return sum < neuron->high - neuron->low + c ? sum - 65536 : neuron->high - neuron->low + c - 65536;
}

/* Stores what a reset by subtraction leaves of neuron `lane` of that block. */
static void subtract(const sast_sweeping_t *sweep, uint32_t lane)
{
    uint32_t *word = sweep->run.membranes - SAST_BLOCK_WORDS + (lane >> 1);
    const int32_t leaked = sast_leak(&sweep->layer->neuron, after_reset(sweep, lane, true));

    *word = sast_with_half(*word, lane & 1u, sast_to_half(&sweep->layer->neuron, leaked));
}

/* What a spike leaves behind in its own layer, where it does. */
static void leave(const sast_sweeping_t *sweep, uint32_t lane, uint32_t channel)
{
    const sast_layer_t *layer = sweep->layer;

    if (layer->neuron.reset == SAST_RESET_SUBTRACT) {
        subtract(sweep, lane);
    }
    if (layer->recurrent != NULL) {
        (void)sast_test_and_set(sast_words(sweep->context, layer->bitmap), channel);
    }
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

/* Neurons of that block that spiked, bit by bit, are counted and sent on; its first is `channel` of `position`, or, where
   `channel` is beyond a position's, of one of those after it. */
static void send(sast_sweeping_t *sweep, uint32_t flags, uint32_t position, uint32_t channel)
{
    const sast_layer_t *next = sweep->layer + 1;
    const uint32_t lanes = 2u * sweep->layer->position_words;

    do {
        const uint32_t lane = sast_lowest(flags);
        const uint32_t c = channel + lane;

        if (c >= lanes) {
            channel -= lanes;
            ++position;
            continue;
        }
        if (position >= sweep->row_end && !move_to_row(sweep, position)) {
            break;
        }
        flags &= flags - 1u;
        ++sweep->spikes;
        if (sweep->leaves) {
            leave(sweep, lane, c);
        }
        next->receive(sweep->context, next, position + sweep->place_of, c);
    } while (flags != 0u);
}

/* One block, with all its neurons shown; `channel` and `position` are of its first and move on to the next block's. */
static void show_block(sast_sweeping_t *sweep, uint32_t *position, uint32_t *channel)
{
    const sast_layer_t *layer = sweep->layer;
    const uint32_t positions = (uint32_t)layer->out_height * layer->out_width;
    uint32_t *membranes = sweep->run.membranes;
    const uint32_t *table = sweep->run.table;
    uint32_t flags;
    uint32_t lane;

    for (lane = 0; lane < SAST_BLOCK_WORDS; ++lane) {
        sweep->run.before[lane] = membranes[lane];
    }
    sweep->run.left = (layer->neuron.cell_left & 0xFFu) | 1u << 8; /* this one, and no cell after it */
    sweep->run.cells = 0;
    flags = layer->neuron.fire(&sweep->run, &layer->neuron);
    sweep->run.membranes = membranes + SAST_BLOCK_WORDS;
    sweep->run.table = table + 2u * SAST_BLOCK_WORDS;
    for (lane = 0; lane < SAST_BLOCK_LANES; ++lane) {
        const bool spiked = (flags >> lane & 1u) != 0u;

        if (*channel < layer->out_channels && *position < positions) {
            sast_show(sweep->context, layer, *position * layer->out_channels + *channel,
                      after_reset(sweep, lane, spiked), spiked);
        }
        if (spiked) {
            send(sweep, 1u << lane, *position, *channel - lane);
        }
        if (++*channel == 2u * layer->position_words) {
            *channel = 0;
            ++*position;
        }
    }
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
        for (block = 0; block < layer->neuron.cell_left >> 8; ++block) {
            show_block(sweep, &position, &channel);
        }
    }
}

void sast_sweep_cells(sast_sweeping_t *sweep, uint32_t first, uint32_t end)
{
    const sast_layer_t *layer = sweep->layer;
    const uint32_t blocks = layer->neuron.cell_left >> 8;
    uint32_t flags;

    sweep->run.membranes = sast_words(sweep->context, layer->membranes) + first * layer->cell_words;
    sweep->run.left = layer->neuron.cell_left & 0xFFu;
    sweep->run.cells = end - first;
    while ((flags = layer->neuron.fire(&sweep->run, &layer->neuron)) != 0u) {
        const uint32_t block = blocks - 1u - (sweep->run.left >> 8); /* of its cell */

        send(sweep, flags, (end - 1u - sweep->run.cells) * layer->cell, block * SAST_BLOCK_LANES);
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
