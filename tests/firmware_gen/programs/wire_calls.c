/* The codec of the board as plain calls, for a test that loads it as a library. */
#include "sast_events.h"
#include "sast_frame.h"

#define CAPACITY 256u
#define SHOWN __attribute__((visibility("default"))) /* all else may go, with what it would need of the network */

typedef struct {
    uint8_t *bytes;
    size_t size;
} sink_t;

static void take(void *user, const uint8_t *bytes, size_t size)
{
    sink_t *sink = (sink_t *)user;
    size_t i;

    for (i = 0; i < size; ++i) {
        sink->bytes[sink->size] = bytes[i];
        ++sink->size;
    }
}

/* Frames found in `wire`, each as uint16 length and bytes without CRC. Returns the size of `out`. */
SHOWN size_t wire_decode(const uint8_t *wire, size_t size, uint8_t *out)
{
    uint8_t frame[CAPACITY];
    sast_frame_decoder_t decoder;
    sink_t sink = {out, 0};
    size_t i;

    sast_frame_decoder_init(&decoder, frame, CAPACITY);
    for (i = 0; i < size; ++i) {
        const uint16_t length = sast_frame_decode(&decoder, wire[i]);
        const uint8_t head[2] = {(uint8_t)(length & 0xFFu), (uint8_t)(length >> 8)};

        if (length > 0) {
            take(&sink, head, 2);
            take(&sink, frame, length);
        }
    }
    return sink.size;
}

/* `frame` has room for 4 bytes more. Returns the size of `wire`. */
SHOWN size_t wire_encode(uint8_t *frame, uint16_t size, uint8_t *wire)
{
    sink_t sink = {wire, 0};

    sast_frame_write(frame, size, take, &sink);
    return sink.size;
}

/* Events as uint16 x, uint16 y, uint16 polarity, or 2 where a step ends. Returns their number, -1 where malformed. */
SHOWN long wire_events(const uint8_t *bytes, uint16_t size, uint16_t width, uint16_t height, uint8_t shift, uint16_t *out)
{
    static sast_model_t model;
    sast_event_decoder_t decoder;
    sast_events_t batch;
    uint16_t at = 0;
    long count = 0;
    unsigned i;

    model.width = width;
    model.height = height;
    model.shift = shift;
    sast_events_start(&decoder, &model);
    while (at < size) {
        const uint16_t used = sast_events_decode(&decoder, &bytes[at], (uint16_t)(size - at), &batch);

        if (used == 0) {
            return -1;
        }
        at = (uint16_t)(at + used);
        for (i = 0; i < batch.count; ++i, ++count) {
            out[3 * count] = batch.events[i].x;
            out[3 * count + 1] = batch.events[i].y;
            out[3 * count + 2] = batch.events[i].polarity;
        }
        if (batch.step_ends) {
            out[3 * count] = out[3 * count + 1] = 0;
            out[3 * count + 2] = 2;
            ++count;
        }
    }
    return count;
}
