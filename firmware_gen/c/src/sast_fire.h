/*
 * sast_fire.h: the inner loop of narrow sweeps in plain C. docs/kernels.md derives the constants.
 *
 * A lane y holds the neuron's sum plus an offset that puts its threshold on a power of two, or just above. Where no bit
 * from there on is set in a block, all its neurons are quiet: none spikes, none is clipped, and what is stored is
 * y - (y >> k) plus a constant, both lanes of a word at once. Any other block is left as it is, and noted.
 */
#ifndef SAST_FIRE_H
#define SAST_FIRE_H

#include "sast_internal.h"

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

/* sast_fire_t. shift: the first; terms: of the leak, 1 (or none) or 2; apart: see sast_leak_t. */
static inline uint32_t sast_fire_blocks(sast_run_t *run, const sast_neuron_t *neuron, const uint32_t shift,
                                        const uint32_t terms, const bool apart)
{
    const sast_leak_t leak = {{neuron->mask[0], neuron->mask[1]}, {shift, neuron->second_shift}, terms, apart};
    const uint32_t loud = ~neuron->quiet;
    uint32_t *x = run->membranes;
    const uint32_t *table = run->table;
    uint32_t left = run->left >> 8;

    for (;;) {
        if (left == 0u) {
            if (run->cells == 0u) {
                return 0;
            }
            --run->cells;
            left = neuron->cell_left >> 8;
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
        x += SAST_BLOCK_WORDS;
        table += SAST_BLOCK_WORDS;
        run->undone = 1;
        run->hit->flags = SAST_UNDONE;
        run->hit->membranes = x;
        run->hit->table = table;
        run->hit->cells = run->cells;
        ++run->hit;
        if (run->hit == run->full) {
            break;
        }
    }
    run->membranes = x;
    run->table = table;
    run->left = left << 8;
    return 1;
}

#endif /* SAST_FIRE_H */
