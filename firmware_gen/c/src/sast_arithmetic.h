/* SPDX-License-Identifier: 0BSD */
/*
 * sast_arithmetic.h: the one leak and the one saturation of the plain kernels.
 */
#ifndef SAST_ARITHMETIC_H
#define SAST_ARITHMETIC_H

#include "sast.h"

/* C leaves both of these to the compiler. All known ones shift arithmetically and wrap; any other stops here. */
typedef char sast_requires_arithmetic_right_shift[((int32_t)-9 >> 2) == -3 ? 1 : -1];
typedef char sast_requires_wrapping_conversion[(int32_t)0xFFFFFFFEu == -2 ? 1 : -1];

/* v - (v >> k1) - (v >> k2), with as many terms as the layer has; rounds towards minus infinity. */
static inline int32_t sast_leak(const sast_neuron_t *neuron, int32_t v)
{
    int32_t leaked = v;

    if (neuron->leak_terms > 0u) {
        leaked -= v >> neuron->leak_shift[0];
    }
    if (neuron->leak_terms > 1u) {
        leaked -= v >> neuron->leak_shift[1];
    }
    return leaked;
}

/* The only place where a value is clipped: to the width of the membrane. */
static inline int32_t sast_saturate(const sast_neuron_t *neuron, int32_t u)
{
    if (u < neuron->low) {
        return neuron->low;
    }
    if (u > neuron->high) {
        return neuron->high;
    }
    return u;
}

/* Half `lane` (0: low, 1: high) of a word. */
static inline uint32_t sast_half(uint32_t word, uint32_t lane)
{
    return (word >> (16u * lane)) & 0xFFFFu;
}

/* The word with its half `lane` replaced. */
static inline uint32_t sast_with_half(uint32_t word, uint32_t lane, uint32_t half)
{
    return (word & ~((uint32_t)0xFFFFu << (16u * lane))) | half << (16u * lane);
}

/* A narrow integrator's membrane and its stored half-word. */
static inline int32_t sast_from_half(const sast_neuron_t *neuron, uint32_t half)
{
    return (int32_t)half - (int32_t)(neuron->zero & 0xFFFFu);
}

static inline uint32_t sast_to_half(const sast_neuron_t *neuron, int32_t v)
{
    return (uint32_t)v + (neuron->zero & 0xFFFFu);
}

/* Packed weight in the top `bits` bits of `word`, shifted left. 1 bit: 0, 1 stand for -1, +1. */
static inline uint32_t sast_weight_at_top(uint32_t word, uint32_t bits, uint32_t shift)
{
    const int32_t w = (int32_t)word >> (32u - bits);

    return (uint32_t)(bits == 1u ? -1 - 2 * w : w) << shift;
}

#endif /* SAST_ARITHMETIC_H */
