/* SPDX-License-Identifier: 0BSD */
/*
 * sast_board_run.c: a run on the board: event bytes in, steps computed, their records kept until the host has them.
 */
#include "sast_board_internal.h"

#define NEURON_BYTES 5u
#define DUMP_LAST SAST_FRAME_HEADER_BYTES /* place of the byte that marks the last frame of a dump */
#define NOT_EXECUTED 0xFFu

typedef char sast_board_window_is_a_power_of_two[(SAST_BOARD_WINDOW & (SAST_BOARD_WINDOW - 1u)) == 0u ? 1 : -1];
typedef char sast_board_records_are_a_power_of_two[(SAST_BOARD_RECORDS & (SAST_BOARD_RECORDS - 1u)) == 0u ? 1 : -1];
typedef char sast_board_steps_fit_a_byte[SAST_BOARD_FRAME_STEPS < NOT_EXECUTED ? 1 : -1];

static uint8_t is_dumped(const sast_board_t *board, uint16_t layer)
{
    return (uint8_t)((board->flags & DUMPED) != 0 && board->step == board->dump_step && layer == board->dump_layer);
}

static void open_dump(sast_board_t *board, uint32_t neuron)
{
    sast_board_open(board, DUMP, board->expected, board->token);
    sast_board_put(board, 0u, 1u);
    sast_board_put(board, board->dump_layer, 2u);
    sast_board_put(board, neuron, 4u);
}

static void on_step_begin(void *user)
{
    sast_board_t *board = (sast_board_t *)user;

    sast_step_crc_begin(&board->crc);
    if (board->step == board->dump_step && (board->flags & DUMPED) != 0) {
        open_dump(board, board->dump_first);
    }
}

static void on_neuron(void *user, uint16_t layer, uint32_t neuron, int32_t membrane, uint8_t spike)
{
    sast_board_t *board = (sast_board_t *)user;

    sast_step_crc_neuron(&board->crc, membrane, spike);
    if (is_dumped(board, layer) == 0u || neuron < board->dump_first) {
        return;
    }
    if ((uint32_t)board->reply_size + NEURON_BYTES + SAST_FRAME_CRC_BYTES > SAST_BOARD_REPLY_BYTES) {
        sast_board_send(board);
        open_dump(board, neuron);
    }
    sast_board_put(board, (uint32_t)membrane, 4u);
    sast_board_put(board, spike, 1u);
}

static void on_layer_end(void *user, uint16_t layer, const sast_counters_t *counters)
{
    sast_board_t *board = (sast_board_t *)user;

    sast_step_crc_layer(&board->crc, counters);
    if (is_dumped(board, layer) != 0u) {
        board->reply[DUMP_LAST] = 1u;
        sast_board_send(board);
    }
}

static uint32_t ticks(const sast_board_t *board)
{
    return board->port->ticks != NULL ? board->port->ticks(board->port->user) : 0u;
}

static void record_step(sast_board_t *board)
{
    sast_board_step_t *step = &board->steps[board->step & (SAST_BOARD_RECORDS - 1u)];
    uint8_t bytes[8];
    uint32_t i;

    step->crc = (board->flags & OBSERVED) != 0 ? sast_step_crc_value(&board->crc) : 0u;
#ifdef SAST_EARLY
    step->crc = board->over != 0u ? 0u : step->crc;
    board->over = board->decided;
#endif /* SAST_EARLY */
    step->ticks = board->step_ticks;
    for (i = 0u; i < 4u; ++i) {
        bytes[i] = (uint8_t)((step->crc >> (8u * i)) & 0xFFu);
        bytes[4u + i] = (uint8_t)((step->ticks >> (8u * i)) & 0xFFu);
    }
    board->steps_crc = sast_crc32_update(board->steps_crc, bytes, sizeof bytes);
    board->step_ticks = 0u;
    ++board->step;
}

/* Adds what was decoded to the network; a step's end computes it. */
static uint8_t compute(sast_board_t *board, const sast_events_t *batch)
{
    const uint32_t before = ticks(board);
    uint32_t i;

#ifdef SAST_EARLY
    if (board->over != 0u) {
        return OK;
    }
#endif /* SAST_EARLY */
    for (i = 0u; i < batch->count; ++i) {
        const sast_event_t *event = &batch->events[i];

        if (sast_push(&board->net, event->x, event->y, event->polarity) != SAST_OK) {
            return BAD_EVENTS;
        }
    }
    if (batch->step_ends != 0u && sast_step(&board->net) != SAST_OK) {
        return BAD_EVENTS;
    }
#ifdef SAST_EARLY
    if (batch->step_ends != 0u) {
        board->decided = sast_decided(&board->net);
    }
#endif /* SAST_EARLY */
    board->step_ticks += ticks(board) - before;
    return OK;
}

static uint8_t execute(sast_board_t *board, const uint8_t *bytes, uint16_t size)
{
    sast_board_load_t *load = &board->loads[board->expected & (SAST_BOARD_WINDOW - 1u)];
    sast_events_t batch;
    uint16_t at = 0u;

    load->first_step = board->step;
    load->steps = 0u;
    while (at < size) {
        const uint16_t used = sast_events_decode(&board->events, &bytes[at], (uint16_t)(size - at), &batch);

        if (used == 0u || (batch.step_ends != 0u && load->steps == SAST_BOARD_FRAME_STEPS)
            || compute(board, &batch) != OK) {
            return BAD_EVENTS;
        }
        if (batch.step_ends != 0u) {
            record_step(board);
            ++load->steps;
        }
        at = (uint16_t)(at + used);
    }
    board->stream_crc = sast_crc32_update(board->stream_crc, bytes, size);
    ++board->expected;
    return OK;
}

uint8_t sast_board_run_status(const sast_board_t *board, uint32_t token)
{
    return (uint8_t)(token == 0u || token != board->token ? NO_RUN : board->failed);
}

void sast_board_load(sast_board_t *board, uint16_t seq, uint32_t token, uint16_t size)
{
    const sast_board_load_t *load = &board->loads[seq & (SAST_BOARD_WINDOW - 1u)];
    uint8_t status = sast_board_run_status(board, token);
    uint32_t i;

    if (status == OK && seq == board->expected) {
        board->failed = execute(board, &board->frame.bytes[SAST_FRAME_HEADER_BYTES], size);
        status = board->failed;
    } else if (status == OK
               && ((uint16_t)(board->expected - seq) > SAST_BOARD_WINDOW || load->steps == NOT_EXECUTED)) {
        status = GAP;
    }
    sast_board_open(board, LOAD, seq, token);
    sast_board_put(board, status, 1u);
    sast_board_put(board, board->expected, 2u);
    if (status == OK) {
        sast_board_put(board, load->first_step, 4u);
        for (i = 0u; i < load->steps; ++i) {
            const sast_board_step_t *step = &board->steps[(load->first_step + i) & (SAST_BOARD_RECORDS - 1u)];

            sast_board_put(board, step->crc, 4u);
            sast_board_put(board, step->ticks, 4u);
        }
    }
    sast_board_send(board);
}

void sast_board_start(sast_board_t *board, uint32_t token, const uint8_t *request)
{
    const sast_observer_t observer = {board, on_step_begin, on_neuron, on_layer_end};
    uint32_t i;

    board->token = token;
    board->flags = request[0];
    board->dump_layer = (uint16_t)sast_board_get(&request[1u + SAST_BOARD_HASH_BYTES], 2u);
    board->dump_step = sast_board_get(&request[3u + SAST_BOARD_HASH_BYTES], 4u);
    board->dump_first = sast_board_get(&request[7u + SAST_BOARD_HASH_BYTES], 4u);
    board->failed = OK;
#ifdef SAST_EARLY
    board->decided = 0u;
    board->over = 0u;
#endif /* SAST_EARLY */
    board->expected = 0u;
    board->step = 0u;
    board->step_ticks = 0u;
    board->stream_crc = SAST_CRC32_INIT;
    board->steps_crc = SAST_CRC32_INIT;
    for (i = 0u; i < SAST_BOARD_WINDOW; ++i) {
        board->loads[i].steps = NOT_EXECUTED;
    }
    sast_events_start(&board->events, board->net.model);
    (void)sast_reset(&board->net);
    (void)sast_set_observer(&board->net, (board->flags & (OBSERVED | DUMPED)) != 0 ? &observer : NULL);
}
