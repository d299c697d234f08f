/* SPDX-License-Identifier: 0BSD */
/*
 * dense_kernels.h: what the kernels share. With the DSP extension a column holds taps as pairs of 16 bits, so that SMLAD
 * multiplies two at once; -DDENSE_PORTABLE takes the plain C everywhere.
 */
#ifndef DENSE_KERNELS_H
#define DENSE_KERNELS_H

#include "dense.h"

#if defined(__ARM_FEATURE_DSP) && !defined(DENSE_PORTABLE)
#define DENSE_DSP 1
#define DENSE_QUAD_WORDS 2u /* of a column */
#else
#define DENSE_DSP 0
#define DENSE_QUAD_WORDS 1u
#endif

void dense_conv2d(const dense_layer_t *layer, const int8_t *input, int8_t *output, const dense_scratch_t *scratch);
void dense_max_pool(const dense_layer_t *layer, const int8_t *input, int8_t *output);
void dense_linear(const dense_layer_t *layer, const int8_t *input, int8_t *output);

/* Two output channels, two windows. sums: [channel][window], biases before, sums after. */
void dense_dot(const int8_t *weights, const uint32_t *first, const uint32_t *second, uint32_t quads, int32_t sums[4]);

#if DENSE_DSP
/* Four bytes; these cores load them from any address. Built in: a bare compiler has no string.h. */
static inline uint32_t dense_load(const int8_t *from)
{
    uint32_t x;

    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

static inline void dense_store(int8_t *to, uint32_t x)
{
    __builtin_memcpy(to, &x, sizeof x);
}

static inline uint32_t dense_sxtb16(uint32_t x)
{
    uint32_t y;

    __asm__("sxtb16 %0, %1" : "=r"(y) : "r"(x));
    return y;
}

static inline uint32_t dense_sxtb16_ror8(uint32_t x)
{
    uint32_t y;

    __asm__("sxtb16 %0, %1, ror #8" : "=r"(y) : "r"(x));
    return y;
}

static inline int32_t dense_smlad(uint32_t x, uint32_t y, int32_t sum)
{
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(y));
    return sum;
}

/* The larger of each two bytes. */
static inline uint32_t dense_max4(uint32_t x, uint32_t y)
{
    uint32_t larger;

    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(larger) : "r"(x), "r"(y) : "cc");
    return larger;
}

/* Rounds to nearest, halves up. */
static inline int8_t dense_requantise(int32_t sum, int32_t multiplier, uint8_t relu)
{
    int32_t value;

    __asm__("smmulr %0, %1, %2" : "=r"(value) : "r"(sum), "r"(multiplier));
    if (relu) {
        __asm__("usat %0, #7, %1" : "=r"(value) : "r"(value) : "cc");
    } else {
        __asm__("ssat %0, #8, %1" : "=r"(value) : "r"(value) : "cc");
    }
    return (int8_t)value;
}
#else
/* Rounds to nearest, halves up. Arithmetic right shift of a negative int64_t, as every compiler for these cores has it. */
static inline int8_t dense_requantise(int32_t sum, int32_t multiplier, uint8_t relu)
{
    int32_t low = relu ? 0 : -128;
    int32_t value = (int32_t)(((int64_t)sum * multiplier + INT64_C(0x80000000)) >> 32);

    value = value < low ? low : value;
    return (int8_t)(value > 127 ? 127 : value);
}

#endif

#endif /* DENSE_KERNELS_H */
