/*
 * sast_fire.h: the inner loop of narrow sweeps in plain C. docs/kernels.md derives the constants A and C.
 *
 * x is a stored half, offset what it exceeds the membrane by, theta the threshold, u the neuron's sum.
 * A = 65536 - offset + bias - theta, so that x + A = u - theta + 65536 carries out of 16 bits exactly when the neuron spikes. C = 65536 + low - theta, so that x + A - C = u - low, which is
 * clipped at 0. Without a spike u < theta <= high, so nothing is left to clip above.
 */
#ifndef SAST_FIRE_H
#define SAST_FIRE_H

#include "sast_internal.h"

/* u - low of one half, or 0 where that is negative. *carry: 1 if the neuron spikes. */
static inline uint32_t sast_above_low(uint32_t x, uint32_t a, uint32_t c, uint32_t *carry)
{
    const uint32_t y = x + a;
    const uint32_t kept = y & 0xFFFFu;

    *carry = y >> 16;
    return kept > c ? kept - c : 0u;
}

/* What a sweep needs of sast_neuron_t, in a copy: stores into membranes cannot change it, as the compiler then knows. */
typedef struct {
    uint32_t mask[2];
    uint32_t shift[2];
    uint32_t rest;
    uint32_t zero;
    uint32_t terms; /* of the leak; 1 may also be none */
    bool has_rest;
} sast_leak_t;

/* A word as it is stored after its sweep, neurons that spiked at 0. Adds the spikes of its neurons to *flags. */
static inline uint32_t sast_fire_word(uint32_t x, const uint32_t *constants, const sast_leak_t *leak, uint32_t *flags)
{
    const uint32_t a = constants[0];
    const uint32_t c = constants[1];
    uint32_t even;
    uint32_t odd;
    uint32_t above;
    uint32_t stored;

    above = sast_above_low(x & 0xFFFFu, a & 0xFFFFu, c & 0xFFFFu, &even);
    above |= sast_above_low(x >> 16, a >> 16, c >> 16, &odd) << 16;
    *flags = *flags >> 2 | even << 6 | odd << 7;
    stored = above >> leak->shift[0];
    stored = leak->has_rest ? above - (stored & leak->mask[0]) + leak->rest : above + (leak->mask[0] & ~stored);
    if (leak->terms == 2u) {
        stored -= above >> leak->shift[1] & leak->mask[1];
    }
    if ((even | odd) != 0u) {
        const uint32_t halves = even * 0xFFFFu | odd * 0xFFFF0000u;

        stored = (stored & ~halves) | (leak->zero & halves);
    }
    return stored;
}

/* One block of four words; returns its spikes, and where there are any, `before`. */
static inline uint32_t sast_fire_block(uint32_t *x, const uint32_t *table, const sast_leak_t *leak, uint32_t *before)
{
    uint32_t flags = 0;
    const uint32_t x0 = sast_fire_word(x[0], table, leak, &flags);
    const uint32_t x1 = sast_fire_word(x[1], table + 2, leak, &flags);
    const uint32_t x2 = sast_fire_word(x[2], table + 4, leak, &flags);
    const uint32_t x3 = sast_fire_word(x[3], table + 6, leak, &flags);

    if (flags != 0u) {
        before[0] = x[0];
        before[1] = x[1];
        before[2] = x[2];
        before[3] = x[3];
    }
    x[0] = x0;
    x[1] = x1;
    x[2] = x2;
    x[3] = x3;
    return flags;
}

/* sast_fire_t. shift: the first; terms: of the leak, 1 (or none, with `rest`) or 2; has_rest: whether `rest` is added. */
static inline uint32_t sast_fire_blocks(sast_run_t *run, const sast_neuron_t *neuron, const uint32_t shift,
                                        const uint32_t terms, const bool has_rest)
{
    const sast_leak_t leak = {{neuron->mask[0], neuron->mask[1]},
                              {shift, neuron->second_shift},
                              neuron->rest,
                              neuron->zero,
                              terms,
                              has_rest};
    uint32_t *x = run->membranes;
    const uint32_t *table = run->table;
    uint32_t left = run->left >> 8;
    uint32_t flags = 0;

    while (flags == 0u) {
        if (left == 0u) {
            if (run->cells == 0u) {
                break;
            }
            --run->cells;
            left = neuron->cell_left >> 8;
            table = neuron->table;
        }
        flags = sast_fire_block(x, table, &leak, run->before);
        x += SAST_BLOCK_WORDS;
        table += 2u * SAST_BLOCK_WORDS;
        --left;
    }
    run->membranes = x;
    run->table = table;
    run->left = left << 8;
    return flags;
}

#endif /* SAST_FIRE_H */
