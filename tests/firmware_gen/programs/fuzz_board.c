/*
 * libFuzzer on the board application. The first byte chooses: the rest goes in as it came from the wire, or as payloads
 * of frames with a right CRC. Whatever the board answers must be whole frames of types that a host knows.
 */
#include <stdlib.h>
#include <string.h>

#include "a_model.h"
#include "sast_board.h"

#define FRAME_BYTES 512u

typedef struct {
    sast_frame_decoder_t decoder;
    uint8_t frame[SAST_BOARD_REPLY_BYTES];
    unsigned open; /* bytes since the last frame */
} host_t;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *user, const uint8_t *bytes, size_t size)
{
    host_t *host = (host_t *)user;
    size_t i;

    for (i = 0; i < size; ++i) {
        const uint16_t length = sast_frame_decode(&host->decoder, bytes[i]);

        ++host->open;
        if (bytes[i] == 0u) {
            if (length < SAST_FRAME_HEADER_BYTES || host->frame[0] < 0x81u || host->frame[0] > 0x86u) {
                abort();
            }
            host->open = 0u;
        }
    }
}

static uint32_t ticks(void *user)
{
    static uint32_t now;

    (void)user;
    return now += 3u;
}

static void say(void *user, const uint8_t *bytes, size_t size)
{
    sast_board_receive((sast_board_t *)user, bytes, size);
}

/* type, seq, length, payload: again and again. BEGIN gets the right model, so that runs begin. */
static void frames(sast_board_t *board, const uint8_t *data, size_t size)
{
    uint8_t frame[FRAME_BYTES];

    while (size >= 3u) {
        const size_t length = data[2] < size - 3u ? data[2] : size - 3u;

        memset(frame, 0, SAST_FRAME_HEADER_BYTES);
        frame[0] = (uint8_t)(data[0] & 7u);
        frame[1] = data[1];
        frame[3] = (uint8_t)(1u + (data[0] >> 7));
        memcpy(&frame[SAST_FRAME_HEADER_BYTES], &data[3], length);
        if (frame[0] == 2u && length > 8u) {
            memcpy(&frame[SAST_FRAME_HEADER_BYTES + 1u], a_model.hash, 8u);
        }
        sast_frame_write(frame, (uint16_t)(SAST_FRAME_HEADER_BYTES + length), say, board);
        data += 3u + length;
        size -= 3u + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static a_memory_t memory;
    host_t *host = (host_t *)calloc(1, sizeof *host);
    sast_board_t *board = (sast_board_t *)malloc(sizeof *board); /* so that every byte beyond it is seen */
    const sast_port_t port = {host, hear, ticks, 1u, SAST_TICKS_CYCLES, "fuzz", 64u};

    if (host == NULL || board == NULL) {
        abort();
    }
    memset(board, 0xA5, sizeof *board);
    sast_frame_decoder_init(&host->decoder, host->frame, sizeof host->frame);
    if (sast_board_init(board, &a_model, &memory, sizeof memory, &port) != SAST_OK) {
        abort();
    }
    if (size > 0u && (data[0] & 1u) != 0u) {
        frames(board, data + 1, size - 1u);
    } else if (size > 0u) {
        sast_board_receive(board, data + 1, size - 1u);
    }
    if (host->open != 0u) {
        abort();
    }
    free(board);
    free(host);
    return 0;
}
