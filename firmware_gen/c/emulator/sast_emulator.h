/* SPDX-License-Identifier: 0BSD */
/*
 * sast_emulator.h: what is called from outside an emulated core. Statuses are sast_status_t.
 */
#ifndef SAST_EMULATOR_H
#define SAST_EMULATOR_H

#include "sast.h"

/* Once. buffer: `size` bytes, enough for the trace of a step and for a recording's end; outputs: int32_t [classes]. */
uint32_t sast_emulator_init(uint8_t *buffer, uint32_t size, int32_t *outputs);

/* The 32 bytes of the model's hash. */
const uint8_t *sast_emulator_hash(void);

/* Start of a recording. */
uint32_t sast_emulator_reset(void);

/* One step from `count` events of 5 bytes, with and without an observer; its trace is then in the buffer. */
uint32_t sast_emulator_step(const uint8_t *events, uint32_t count);

/* The end of a recording, in the buffer. */
uint32_t sast_emulator_result(void);

/* Bytes of the buffer that the last call filled. */
uint32_t sast_emulator_written(void);

/* Only the context without an observer, for counting instructions: the events of a step, its end, and whether it ended the
   recording early. */
uint32_t sast_emulator_quiet_push(const uint8_t *events, uint32_t count);
uint32_t sast_emulator_quiet_step(void);
uint32_t sast_emulator_quiet_decided(void);

/* That context, for calling the library's own functions one by one. */
sast_context_t *sast_emulator_quiet_context(void);

#endif /* SAST_EMULATOR_H */
