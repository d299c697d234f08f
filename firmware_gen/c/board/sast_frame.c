/* SPDX-License-Identifier: 0BSD */
/*
 * sast_frame.c: COBS (Cheshire and Baker, 1999) and CRC-32.
 */
#include "sast_frame.h"

#include "sast_crc.h"

#define LONGEST_BLOCK 254u

static void start(sast_frame_decoder_t *decoder)
{
    decoder->size = 0u;
    decoder->left = 0u;
    decoder->code = 0u;
    decoder->damaged = 0u;
}

void sast_frame_decoder_init(sast_frame_decoder_t *decoder, uint8_t *frame, uint16_t capacity)
{
    decoder->frame = frame;
    decoder->capacity = capacity;
    start(decoder);
}

static void put(sast_frame_decoder_t *decoder, uint8_t byte)
{
    if (decoder->size < decoder->capacity) {
        decoder->frame[decoder->size] = byte;
        ++decoder->size;
    } else {
        decoder->damaged = 1u;
    }
}

/* The CRC of all bytes including a CRC that fits them is always this, before the final XOR. */
#define CRC_RESIDUE 0xDEBB20E3u

static uint16_t finish(sast_frame_decoder_t *decoder)
{
    const uint16_t size = decoder->size;
    const uint8_t whole = (uint8_t)(decoder->damaged == 0u && decoder->left == 0u && size >= SAST_FRAME_LEAST_BYTES);

    start(decoder);
    if (whole == 0u || sast_crc32_update(SAST_CRC32_INIT, decoder->frame, size) != CRC_RESIDUE) {
        return 0u;
    }
    return (uint16_t)(size - SAST_FRAME_CRC_BYTES);
}

uint16_t sast_frame_decode(sast_frame_decoder_t *decoder, uint8_t byte)
{
    if (byte == 0u) {
        return finish(decoder);
    }
    if (decoder->left > 0u) {
        --decoder->left;
        put(decoder, byte);
        return 0u;
    }
    if (decoder->code != 0u && decoder->code != 0xFFu) { /* a shorter block stands for a 0x00 after it, too */
        put(decoder, 0u);
    }
    decoder->code = byte;
    decoder->left = (uint8_t)(byte - 1u);
    return 0u;
}

void sast_frame_write(uint8_t *frame, uint16_t size, void (*write)(void *user, const uint8_t *bytes, size_t size),
                      void *user)
{
    static const uint8_t end = 0u;
    const uint32_t crc = sast_crc32_update(SAST_CRC32_INIT, frame, size) ^ SAST_CRC32_INIT;
    const uint32_t total = (uint32_t)size + SAST_FRAME_CRC_BYTES;
    uint32_t from = 0u;
    uint8_t code;
    uint32_t i;

    for (i = 0u; i < SAST_FRAME_CRC_BYTES; ++i) {
        frame[size + i] = (uint8_t)((crc >> (8u * i)) & 0xFFu);
    }
    for (;;) {
        i = from;
        while (i < total && i - from < LONGEST_BLOCK && frame[i] != 0u) {
            ++i;
        }
        code = (uint8_t)(i - from + 1u);
        write(user, &code, 1u);
        write(user, &frame[from], i - from);
        if (i == total) {
            break;
        }
        from = (code == 0xFFu) ? i : i + 1u;
    }
    write(user, &end, 1u);
}
