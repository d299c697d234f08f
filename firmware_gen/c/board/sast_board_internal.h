/* SPDX-License-Identifier: 0BSD */
/*
 * sast_board_internal.h: what the files of the board application share; not for users.
 */
#ifndef SAST_BOARD_INTERNAL_H
#define SAST_BOARD_INTERNAL_H

#include "sast_board.h"

/* docs/protocol.md: types of frames, statuses, flags of a run. */
enum { HELLO = 1, BEGIN = 2, LOAD = 3, POLL = 4, READ = 5, DUMP = 6, ANSWER = 0x80 };
enum { OK = 0, GAP = 1, NO_RUN = 2, WRONG_MODEL = 3, BAD_EVENTS = 4, BAD_REQUEST = 5 };
enum { OBSERVED = 1, DUMPED = 2 };

#define SAST_BOARD_HASH_BYTES 8u /* of the model hash, in BEGIN */
#define SAST_BOARD_RECORDS (SAST_BOARD_WINDOW * SAST_BOARD_FRAME_STEPS)

/* Little-endian number of `count` bytes, up to 4. */
uint32_t sast_board_get(const uint8_t *bytes, uint32_t count);

/* An answer, begun, its low `bytes` bytes of `value` appended, sent. The caller sees that it fits. */
void sast_board_open(sast_board_t *board, uint8_t type, uint16_t seq, uint32_t token);
void sast_board_put(sast_board_t *board, uint32_t value, uint32_t bytes);
void sast_board_send(sast_board_t *board);

/* A new run. request: payload of BEGIN. */
void sast_board_start(sast_board_t *board, uint32_t token, const uint8_t *request);

/* OK, NO_RUN, or what ended the run. */
uint8_t sast_board_run_status(const sast_board_t *board, uint32_t token);

/* LOAD with `size` bytes of payload: executed or not, and answered. */
void sast_board_load(sast_board_t *board, uint16_t seq, uint32_t token, uint16_t size);

#endif /* SAST_BOARD_INTERNAL_H */
