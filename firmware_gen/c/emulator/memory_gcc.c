/* SPDX-License-Identifier: 0BSD */
/*
 * memory_gcc.c: what a compiler may call even in a program without a C library; byte by byte, as small C libraries do
 * it. GCC and Clang would turn each loop into a call of the function that the loop stands in, if they were not told.
 */
#if defined(__clang__)
#define LOOP __attribute__((no_builtin))
#else
#define LOOP
#if defined(__GNUC__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif
#endif

#include <stddef.h>

void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);

LOOP void *memset(void *to, int value, size_t size)
{
    unsigned char *t = (unsigned char *)to;

    while (size-- > 0u) {
        *t++ = (unsigned char)value;
    }
    return to;
}

LOOP void *memcpy(void *to, const void *from, size_t size)
{
    unsigned char *t = (unsigned char *)to;
    const unsigned char *f = (const unsigned char *)from;

    while (size-- > 0u) {
        *t++ = *f++;
    }
    return to;
}

LOOP void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *t = (unsigned char *)to;
    const unsigned char *f = (const unsigned char *)from;

    if ((size_t)t - (size_t)f >= size) {
        return memcpy(to, from, size);
    }
    while (size-- > 0u) {
        t[size] = f[size];
    }
    return to;
}
