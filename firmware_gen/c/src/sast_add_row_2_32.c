/*
 * sast_add_row_2_32.c: weights of 2 bits into membranes of 32 bits.
 */
#include "sast_arithmetic.h"

void sast_add_row_2_32(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift)
{
    int32_t *v = (int32_t *)membranes;
    uint32_t i;

    for (i = 0; i < count; ++i) {
        const uint32_t packed = ((uint32_t)row[i >> 2] >> ((i & 3u) << 1)) & 3u;
        const int32_t w = (int32_t)(packed ^ 2u) - 2; /* sign extension: 2, 3 stand for -2, -1 */

        v[i] = v[i] + sast_scale(w, shift);
    }
}
