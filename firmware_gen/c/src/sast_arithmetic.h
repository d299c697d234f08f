/*
 * sast_arithmetic.h: the one leak, the one saturation and the one weight shift of the library.
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

/* w << shift, also for negative w, of which C defines no left shift. */
static inline int32_t sast_scale(int32_t w, uint8_t shift)
{
    return (int32_t)((uint32_t)w << shift);
}

#endif /* SAST_ARITHMETIC_H */
