/* SPDX-License-Identifier: 0BSD */
/*
 * sast_frame.h: frames of docs/protocol.md, byte by byte in, piece by piece out. No I/O and no model.
 *
 * On the wire a frame is COBS(type, seq, token, payload, CRC-32) and a 0x00, all numbers little-endian.
 */
#ifndef SAST_FRAME_H
#define SAST_FRAME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAST_FRAME_HEADER_BYTES 7u /* uint8 type, uint16 seq, uint32 token */
#define SAST_FRAME_CRC_BYTES 4u
#define SAST_FRAME_LEAST_BYTES (SAST_FRAME_HEADER_BYTES + SAST_FRAME_CRC_BYTES)

/* Receiver of one direction. Its members are private. */
typedef struct {
    uint8_t *frame;    /* decoded bytes of the frame that is coming in */
    uint16_t capacity; /* of it */
    uint16_t size;     /* bytes so far */
    uint8_t left;      /* bytes left in the current COBS block */
    uint8_t code;      /* its first byte; 0: between frames */
    uint8_t damaged;   /* 1: too long, or a 0x00 inside a block: wait for the next frame */
} sast_frame_decoder_t;

/* `frame`: where decoded frames go, `capacity` bytes; longer ones are dropped. */
void sast_frame_decoder_init(sast_frame_decoder_t *decoder, uint8_t *frame, uint16_t capacity);

/* Takes one byte of the wire. Returns the length of a whole frame (header and payload, without its CRC, which was
   right) when this byte ends one, else 0. The frame stays until the next byte is taken. */
uint16_t sast_frame_decode(sast_frame_decoder_t *decoder, uint8_t byte);

/* Appends the CRC to `size` bytes of `frame` (which has room for it), and writes it as it goes over the wire. */
void sast_frame_write(uint8_t *frame, uint16_t size, void (*write)(void *user, const uint8_t *bytes, size_t size),
                      void *user);

#ifdef __cplusplus
}
#endif

#endif /* SAST_FRAME_H */
