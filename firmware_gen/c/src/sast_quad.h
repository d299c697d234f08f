/* SPDX-License-Identifier: 0BSD */
/*
 * sast_quad.h: four weights added to two words of narrow membranes, in plain C.
 *
 * Both halves of a word are added to at once: w1 * 65536 + w0, taken as one integer, adds w0 to the low and w1 to the high
 * half, because each half is proven to stay within 16 bits; what a negative w0 borrows is what w1 * 65536 + w0 lacks.
 */
#ifndef SAST_QUAD_H
#define SAST_QUAD_H

#include <stdint.h>

/* quad: bytes of two's complement, of neurons 0, 2, 1, 3. XOR makes each w + 128, which widens without a sign. */
static inline void sast_add_quad(uint32_t *membranes, uint32_t quad)
{
    const uint32_t biased = quad ^ 0x80808080u;

    membranes[0] += (biased & 0x00FF00FFu) - 0x00800080u;
    membranes[1] += ((biased >> 8) & 0x00FF00FFu) - 0x00800080u;
}

#endif /* SAST_QUAD_H */
