/*
 * sast_add_row_8_16.c: weights of 8 bits into membranes of 16 bits.
 */
#include "sast_arithmetic.h"

void sast_add_row_8_16(void *membranes, const uint8_t *row, uint32_t count, uint8_t shift)
{
    int16_t *v = (int16_t *)membranes;
    const int8_t *w = (const int8_t *)row;
    uint32_t i;

    for (i = 0; i < count; ++i) {
        v[i] = (int16_t)(v[i] + sast_scale(w[i], shift));
    }
}
