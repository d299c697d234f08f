/* SPDX-License-Identifier: 0BSD */
/*
 * sast_board.c: what a board answers to the frames of docs/protocol.md.
 */
#include "sast_board_internal.h"

#define BEGIN_BYTES 19u
#define READ_BYTES 4u
#ifdef SAST_EARLY
#define STEPS_BYTES 4u /* at the end of the results: how many steps were computed */
#endif /* SAST_EARLY */
#define LONGEST_NAME 24u
#define LEAST_RX_BYTES 64u
#define HELLO_ANSWER_BYTES (72u + LONGEST_NAME)
#define LOAD_ANSWER_BYTES (7u + 8u * SAST_BOARD_FRAME_STEPS)
#define PAYLOAD_ROOM (SAST_BOARD_REPLY_BYTES - SAST_FRAME_LEAST_BYTES)

typedef char sast_board_reply_holds_hello[PAYLOAD_ROOM >= HELLO_ANSWER_BYTES ? 1 : -1];
typedef char sast_board_reply_holds_steps[PAYLOAD_ROOM >= LOAD_ANSWER_BYTES ? 1 : -1];

uint32_t sast_board_get(const uint8_t *bytes, uint32_t count)
{
    uint32_t value = 0u;

    while (count > 0u) {
        --count;
        value = value << 8 | bytes[count];
    }
    return value;
}

void sast_board_put(sast_board_t *board, uint32_t value, uint32_t bytes)
{
    uint32_t i;

    for (i = 0u; i < bytes; ++i) {
        board->reply[board->reply_size] = (uint8_t)((value >> (8u * i)) & 0xFFu);
        ++board->reply_size;
    }
}

void sast_board_open(sast_board_t *board, uint8_t type, uint16_t seq, uint32_t token)
{
    board->reply_size = 0u;
    sast_board_put(board, (uint32_t)type | ANSWER, 1u);
    sast_board_put(board, seq, 2u);
    sast_board_put(board, token, 4u);
}

void sast_board_send(sast_board_t *board)
{
    sast_frame_write(board->reply, board->reply_size, board->port->write, board->port->user);
}

static void on_hello(sast_board_t *board, uint16_t seq, uint32_t token)
{
    const sast_model_t *model = board->net.model;
    const sast_port_t *port = board->port;
    uint32_t i;

    sast_board_open(board, HELLO, seq, token);
    sast_board_put(board, SAST_BOARD_PROTOCOL, 2u);
    for (i = 0u; i < sizeof model->hash; ++i) {
        sast_board_put(board, model->hash[i], 1u);
    }
    sast_board_put(board, SAST_BOARD_FRAME_BYTES, 2u);
    sast_board_put(board, SAST_BOARD_REPLY_BYTES, 2u);
    sast_board_put(board, port->rx_bytes, 4u);
    sast_board_put(board, SAST_BOARD_WINDOW, 1u);
    sast_board_put(board, SAST_BOARD_FRAME_STEPS, 1u);
    sast_board_put(board, port->ticks_kind, 1u);
    sast_board_put(board, port->ticks_hz, 4u);
    sast_board_put(board, model->width, 2u);
    sast_board_put(board, model->height, 2u);
    sast_board_put(board, model->shift, 1u);
    sast_board_put(board, model->steps, 4u);
    sast_board_put(board, model->dt_us, 4u);
    sast_board_put(board, model->layer_count, 2u);
    sast_board_put(board, model->weighted_count, 2u);
    sast_board_put(board, model->class_count, 2u);
    sast_board_put(board, model->memory_bytes, 4u);
    for (i = 0u; i < LONGEST_NAME && port->name[i] != '\0'; ++i) {
        sast_board_put(board, (uint8_t)port->name[i], 1u);
    }
    sast_board_send(board);
}

static uint8_t begin(sast_board_t *board, uint32_t token, uint16_t size)
{
    const uint8_t *request = &board->frame.bytes[SAST_FRAME_HEADER_BYTES];
    sast_counters_t counters;
    uint32_t i;

    if (size != BEGIN_BYTES || token == 0u) {
        return BAD_REQUEST;
    }
    for (i = 0u; i < SAST_BOARD_HASH_BYTES; ++i) {
        if (request[1u + i] != board->net.model->hash[i]) {
            return WRONG_MODEL;
        }
    }
    if ((request[0] & DUMPED) != 0
        && sast_counters(&board->net, (uint16_t)sast_board_get(&request[1u + SAST_BOARD_HASH_BYTES], 2u), &counters) != SAST_OK) {
        return BAD_REQUEST;
    }
    if (token != board->token) {
        sast_board_start(board, token, request);
    }
    return OK;
}

/* The results as one row of bytes, of which those from `skip` on go into the answer, as many as fit. */
typedef struct {
    sast_board_t *board;
    uint32_t skip;
} sast_board_reader_t;

static void put_result(sast_board_reader_t *reader, uint32_t value, uint32_t bytes)
{
    uint32_t i;

    for (i = 0u; i < bytes; ++i) {
        if (reader->skip > 0u) {
            --reader->skip;
        } else if (reader->board->reply_size < SAST_BOARD_REPLY_BYTES - SAST_FRAME_CRC_BYTES) {
            sast_board_put(reader->board, value >> (8u * i), 1u);
        }
    }
}

static void put_counter(sast_board_reader_t *reader, uint64_t value)
{
    put_result(reader, (uint32_t)(value & 0xFFFFFFFFu), 4u);
    put_result(reader, (uint32_t)(value >> 32), 4u);
}

static void put_results(sast_board_t *board, uint32_t offset)
{
    const sast_model_t *model = board->net.model;
    sast_board_reader_t reader = {board, offset};
    sast_counters_t counters;
    uint16_t answer = 0u;
    uint16_t i;

    (void)sast_result(&board->net, &answer, board->frame.outputs); /* the request that stood there was read */
    put_result(&reader, answer, 2u);
    for (i = 0u; i < model->class_count; ++i) {
        put_result(&reader, (uint32_t)board->frame.outputs[i], 4u);
    }
    for (i = 0u; i < model->layer_count; ++i) {
        if (sast_counters(&board->net, i, &counters) == SAST_OK) {
            put_counter(&reader, counters.total_synops);
            put_counter(&reader, counters.total_spikes);
        }
    }
#ifdef SAST_EARLY
    put_result(&reader, sast_steps(&board->net), STEPS_BYTES);
#endif /* SAST_EARLY */
}

static void on_read(sast_board_t *board, uint16_t seq, uint32_t token, uint16_t size)
{
    const sast_model_t *model = board->net.model;
#ifdef SAST_EARLY
    const uint32_t results = 2u + 4u * (uint32_t)model->class_count + 16u * (uint32_t)model->weighted_count + STEPS_BYTES;
#else /* SAST_EARLY */
    const uint32_t results = 2u + 4u * (uint32_t)model->class_count + 16u * (uint32_t)model->weighted_count;
#endif /* SAST_EARLY */
    const uint32_t offset = sast_board_get(&board->frame.bytes[SAST_FRAME_HEADER_BYTES], size == READ_BYTES ? READ_BYTES : 0u);
    uint8_t status = sast_board_run_status(board, token);

    if (status == OK && (size != READ_BYTES || offset > results)) {
        status = BAD_REQUEST;
    }
    sast_board_open(board, READ, seq, token);
    sast_board_put(board, status, 1u);
    if (status == OK) {
        sast_board_put(board, board->step, 4u);
        sast_board_put(board, board->stream_crc ^ SAST_CRC32_INIT, 4u);
        sast_board_put(board, board->steps_crc ^ SAST_CRC32_INIT, 4u);
        sast_board_put(board, results, 4u);
        put_results(board, offset);
    }
    sast_board_send(board);
}

static void on_poll(sast_board_t *board, uint16_t seq, uint32_t token)
{
    sast_board_open(board, POLL, seq, token);
    sast_board_put(board, sast_board_run_status(board, token), 1u);
    sast_board_put(board, board->expected, 2u);
    sast_board_put(board, board->step, 4u);
    sast_board_send(board);
}

static void on_begin(sast_board_t *board, uint16_t seq, uint32_t token, uint16_t size)
{
    const uint8_t status = begin(board, token, size);

    sast_board_open(board, BEGIN, seq, token);
    sast_board_put(board, status, 1u);
    sast_board_send(board);
}

/* A whole frame of `size` bytes without its CRC. Types it does not know get no answer. */
static void on_frame(sast_board_t *board, uint16_t size)
{
    const uint8_t *frame = board->frame.bytes;
    const uint16_t seq = (uint16_t)sast_board_get(&frame[1], 2u);
    const uint32_t token = sast_board_get(&frame[3], 4u);
    const uint16_t payload = (uint16_t)(size - SAST_FRAME_HEADER_BYTES);

    switch (frame[0]) {
    case HELLO:
        on_hello(board, seq, token);
        break;
    case BEGIN:
        on_begin(board, seq, token, payload);
        break;
    case LOAD:
        sast_board_load(board, seq, token, payload);
        break;
    case POLL:
        on_poll(board, seq, token);
        break;
    case READ:
        on_read(board, seq, token, payload);
        break;
    default:
        break;
    }
}

sast_status_t sast_board_init(sast_board_t *board, const sast_model_t *model, void *memory, size_t size,
                              const sast_port_t *port)
{
    if (board == NULL || model == NULL || port == NULL || port->write == NULL || port->name == NULL
        || port->rx_bytes < LEAST_RX_BYTES) {
        return SAST_ERR_ARGUMENT;
    }
    if (4u * (uint32_t)model->class_count > SAST_BOARD_FRAME_BYTES) {
        return SAST_ERR_MEMORY;
    }
    board->port = port;
    board->token = 0u;
    board->failed = OK;
    board->expected = 0u;
    board->step = 0u;
    sast_frame_decoder_init(&board->decoder, board->frame.bytes, SAST_BOARD_FRAME_BYTES);
    return sast_init(&board->net, model, memory, size);
}

void sast_board_receive(sast_board_t *board, const uint8_t *bytes, size_t size)
{
    size_t i;

    for (i = 0u; i < size; ++i) {
        const uint16_t frame = sast_frame_decode(&board->decoder, bytes[i]);

        if (frame > 0u) {
            on_frame(board, frame);
        }
    }
}
