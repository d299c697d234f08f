/* SPDX-License-Identifier: 0BSD */
/* dense_dot.c: plain C. See dense_dot_dsp.S for cores with the DSP extension. */
#include "dense_kernels.h"

#if !DENSE_DSP
#if defined(__ARM_ARCH_6M__)
/* Eight registers are easily reached: one channel at a time. */
static void dot(const int8_t *weights, const int8_t *x, const int8_t *y, int32_t count, int32_t sums[2])
{
    int32_t s0 = sums[0], s1 = sums[1], i;

    weights += count;
    x += count;
    y += count;
    for (i = -count; i != 0; ++i) {
        const int32_t w = weights[i];

        s0 += w * x[i];
        s1 += w * y[i];
    }
    sums[0] = s0;
    sums[1] = s1;
}

void dense_dot(const int8_t *weights, const uint32_t *first, const uint32_t *second, uint32_t quads, int32_t sums[4])
{
    const int32_t count = (int32_t)(4u * quads);

    dot(weights, (const int8_t *)first, (const int8_t *)second, count, sums);
    dot(weights + count, (const int8_t *)first, (const int8_t *)second, count, sums + 2);
}
#else
void dense_dot(const int8_t *weights, const uint32_t *first, const uint32_t *second, uint32_t quads, int32_t sums[4])
{
    const int8_t *w0 = weights, *w1 = weights + 4u * quads, *const end = w1;
    const int8_t *x = (const int8_t *)first, *y = (const int8_t *)second;
    int32_t s00 = sums[0], s01 = sums[1], s10 = sums[2], s11 = sums[3];

    for (; w0 != end; w0 += 4, w1 += 4, x += 4, y += 4) {
        int i;

        for (i = 0; i < 4; ++i) {
            const int32_t a = w0[i], b = w1[i], p = x[i], q = y[i];

            s00 += a * p;
            s01 += a * q;
            s10 += b * p;
            s11 += b * q;
        }
    }
    sums[0] = s00;
    sums[1] = s01;
    sums[2] = s10;
    sums[3] = s11;
}
#endif
#else
typedef int dense_dot_is_in_assembly; /* a file of C is never empty */
#endif
