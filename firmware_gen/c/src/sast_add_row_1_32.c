/*
 * sast_add_row_1_32.c: weights of 1 bit into membranes of 32 bits.
 */
#include "sast_arithmetic.h"

void sast_add_row_1_32(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift)
{
    int32_t *v = (int32_t *)membranes;
    uint32_t i;

    for (i = 0; i < count; ++i) {
        const uint32_t packed = ((uint32_t)row[i >> 3] >> (i & 7u)) & 1u;
        const int32_t w = (int32_t)(packed << 1) - 1; /* 0, 1 stand for -1, +1 */

        v[i] = v[i] + sast_scale(w, shift);
    }
}
