/* SPDX-License-Identifier: 0BSD */
/* memory.c: the four functions that a compiler may call where no C library is linked. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *one, const void *other, size_t size);

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    while (size-- != 0) {
        *out++ = *in++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    if ((uintptr_t)out - (uintptr_t)in >= size) {
        while (size-- != 0) {
            *out++ = *in++;
        }
    } else {
        while (size-- != 0) {
            out[size] = in[size];
        }
    }
    return to;
}

/* Clearing is by far the commonest use: a word at a time where the address allows it. */
void *memset(void *to, int value, size_t size)
{
    uint8_t *out = to;
    const uint32_t word = (uint8_t)value * UINT32_C(0x01010101);

    while (size != 0 && ((uintptr_t)out & 3u) != 0) {
        *out++ = (uint8_t)value;
        --size;
    }
    for (; size >= 4u; size -= 4u, out += 4) {
        __builtin_memcpy(__builtin_assume_aligned(out, 4), &word, 4);
    }
    while (size-- != 0) {
        *out++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t size)
{
    const uint8_t *a = one;
    const uint8_t *b = other;

    for (; size != 0; --size, ++a, ++b) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}
