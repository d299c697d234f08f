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

/* What a sweep stores of a word of halves u - low. */
static inline uint32_t sast_stored(uint32_t above, const sast_leak_t *leak)
{
    uint32_t stored = above >> leak->shift[0];

    stored = leak->has_rest ? above - (stored & leak->mask[0]) + leak->rest : above + (leak->mask[0] & ~stored);
    if (leak->terms == 2u) {
        stored -= above >> leak->shift[1] & leak->mask[1];
    }
    return stored;
}

/* A word in which no neuron spikes or is clipped, as one integer; else *seen gets a top bit of a half, as u - low or
   u - theta + 32768 is below 0, or above 32767. */
static inline uint32_t sast_fire_word(uint32_t x, const uint32_t *constants, const sast_leak_t *leak, uint32_t *seen)
{
    const uint32_t sum = x + constants[0];
    const uint32_t above = sum - constants[1];

    *seen |= above | (sum - 0x80008000u);
    return sast_stored(above, leak);
}

/* Any word, half by half, neurons that spiked at 0; returns their flags. */
static inline uint32_t sast_fire_halves(uint32_t *x, const uint32_t *constants, const sast_leak_t *leak)
{
    const uint32_t a = constants[0];
    const uint32_t c = constants[1];
    uint32_t even;
    uint32_t odd;
    uint32_t halves;
    uint32_t above;

    above = sast_above_low(*x & 0xFFFFu, a & 0xFFFFu, c & 0xFFFFu, &even);
    above |= sast_above_low(*x >> 16, a >> 16, c >> 16, &odd) << 16;
    halves = even * 0xFFFFu | odd * 0xFFFF0000u;
    *x = (sast_stored(above, leak) & ~halves) | (leak->zero & halves);
    return even | odd << 1;
}

/* One block of four words; returns its spikes, and where there are any, `before`. */
static inline uint32_t sast_fire_block(uint32_t *x, const uint32_t *table, const sast_leak_t *leak, uint32_t *before)
{
    uint32_t seen = 0;
    uint32_t flags = 0;
    uint32_t i;
    const uint32_t x0 = sast_fire_word(x[0], table, leak, &seen);
    const uint32_t x1 = sast_fire_word(x[1], table + 2, leak, &seen);
    const uint32_t x2 = sast_fire_word(x[2], table + 4, leak, &seen);
    const uint32_t x3 = sast_fire_word(x[3], table + 6, leak, &seen);

    if ((seen & 0x80008000u) != 0u) {
        for (i = 0; i < SAST_BLOCK_WORDS; ++i) {
            before[i] = x[i];
            flags |= sast_fire_halves(&x[i], &table[2u * i], leak) << (2u * i);
        }
        return flags;
    }
    x[0] = x0;
    x[1] = x1;
    x[2] = x2;
    x[3] = x3;
    return 0;
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
