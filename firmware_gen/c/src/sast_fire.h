/* SPDX-License-Identifier: 0BSD */
/*
 * sast_fire.h: the inner loop of narrow sweeps in plain C. docs/kernels.md derives the constants.
 *
 * A lane y holds the neuron's sum plus an offset that puts its threshold on a power of two, or just above. Where no bit
 * from there on is set in a block, all its neurons are quiet: none spikes, none is clipped, and what is stored is
 * y - (y >> k) plus a constant, both lanes of a word at once. In any other, words that are not quiet are looked at lane by
 * lane; or it is left as it is where a lane is negative, the reset is not to 0, or there are two leak terms.
 */
#ifndef SAST_FIRE_H
#define SAST_FIRE_H

#include "sast_lanes.h"

/* What a sweep needs of sast_neuron_t, in a copy: stores into membranes cannot change it, as the compiler then knows. */
typedef struct {
    uint32_t mask[2];
    uint32_t shift[2];
    uint32_t terms; /* of the leak; 1 may also be none */
    bool apart;     /* whether the table's halves are apart */
} sast_leak_t;

/* What is stored of a word of quiet neurons. The masks are taken off again by the constant. */
static inline uint32_t sast_stored(uint32_t y, uint32_t constant, const sast_leak_t *leak)
{
    uint32_t stored = y + (leak->mask[0] & ~(y >> leak->shift[0]));

    if (leak->terms == 2u) {
        stored += leak->mask[1] & ~(y >> leak->shift[1]);
    }
    return stored + (leak->apart ? constant - ((constant & 0x8000u) << 1) : constant);
}

/* A word that is not quiet, no lane of it negative: what is stored, with spiking neurons at 0; sets their bits of *flags from
   bit `first` on. constants: the word's entry of the table, of parts of `part` words. */
static inline uint32_t sast_fire_lanes(uint32_t y, const SAST_TABLE uint32_t *constants, uint32_t part,
                                       uint32_t first, const sast_leak_t *leak, uint32_t *flags)
{
    const uint32_t thresholds = constants[part];
    const uint32_t zeros = constants[2u * part];
    const bool even = (y & 0xFFFFu) >= (thresholds & 0xFFFFu);
    const bool odd = y >> 16 >= thresholds >> 16;
    const uint32_t silent = (even ? 0u : 0xFFFFu) | (odd ? 0u : 0xFFFF0000u);
    const uint32_t stored = sast_stored(y & silent, constants[0], leak);

    *flags |= (even ? (uint32_t)1u << first : 0u) | (odd ? (uint32_t)2u << first : 0u);
    return sast_join(even ? sast_half_lane(zeros, 0) : sast_lane(stored, 0),
                     odd ? sast_half_lane(zeros, 1) : sast_lane(stored, 1));
}

/* A block of which some neurons are not quiet; its flags, or SAST_UNDONE. */
static inline uint32_t sast_fire_loud(uint32_t *x, const SAST_TABLE uint32_t *table, const sast_neuron_t *neuron,
                                      const sast_leak_t *leak)
{
    const uint32_t part = neuron->to_thresholds >> 2;
    uint32_t flags = 0;
    uint32_t i;

    if (((x[0] | x[1] | x[2] | x[3]) & 0x80008000u) != 0u || part == 0u || leak->terms == 2u) {
        return SAST_UNDONE;
    }
    for (i = 0; i < SAST_BLOCK_WORDS; ++i) {
        x[i] = (x[i] & ~neuron->quiet) == 0u ? sast_stored(x[i], table[i], leak)
                                             : sast_fire_lanes(x[i], table + i, part, 2u * i, leak, &flags);
    }
    return flags;
}

/* sast_fire_t. shift: the first; terms: of the leak, 1 (or none) or 2; apart: see sast_leak_t. */
static inline uint32_t sast_fire_blocks(sast_run_t *run, const sast_neuron_t *neuron, const uint32_t shift,
                                        const uint32_t terms, const bool apart)
{
    const sast_leak_t leak = {{neuron->mask[0], neuron->mask[1]}, {shift, neuron->second_shift}, terms, apart};
    const uint32_t loud = ~neuron->quiet;
    uint32_t *x = run->membranes;
    const SAST_TABLE uint32_t *table = run->table;
    uint32_t left = run->blocks_left >> 8;
    uint32_t flags;

    for (;;) {
        if (left == 0u) {
            if (run->cells == 0u) {
                return 0;
            }
            --run->cells;
            left = neuron->cell_blocks_left >> 8;
            table = neuron->table;
        }
        --left;
        if (((x[0] | x[1] | x[2] | x[3]) & loud) == 0u) {
            x[0] = sast_stored(x[0], table[0], &leak);
            x[1] = sast_stored(x[1], table[1], &leak);
            x[2] = sast_stored(x[2], table[2], &leak);
            x[3] = sast_stored(x[3], table[3], &leak);
            x += SAST_BLOCK_WORDS;
            table += SAST_BLOCK_WORDS;
            continue;
        }
        flags = sast_fire_loud(x, table, neuron, &leak);
        x += SAST_BLOCK_WORDS;
        table += SAST_BLOCK_WORDS;
        if (flags == 0u) {
            continue;
        }
        run->undone |= flags & SAST_UNDONE;
        run->next_hit->flags = flags;
        run->next_hit->membranes = x;
        run->next_hit->table = table;
        run->next_hit->cells = run->cells;
        ++run->next_hit;
        if (run->next_hit == run->full) {
            break;
        }
    }
    run->membranes = x;
    run->table = table;
    run->blocks_left = left << 8;
    return 1;
}

#endif /* SAST_FIRE_H */
