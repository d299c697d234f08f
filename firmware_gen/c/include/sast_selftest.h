/* SPDX-License-Identifier: 0BSD */
/*
 * sast_selftest.h: replays known answers on the device itself.
 *
 * The answers are the bytes of known_answers.bin, which is described in README.md beside it: recorded events, and
 * what edge-sast's runtime made of them.
 */
#ifndef SAST_SELFTEST_H
#define SAST_SELFTEST_H

#include "sast.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    SAST_SELFTEST_PASS = 0,
    SAST_SELFTEST_ANSWERS = 1,  /* the known answers are damaged, or belong to another model */
    SAST_SELFTEST_STATUS = 2,   /* a call failed: got = its status */
    SAST_SELFTEST_STEP_CRC = 3, /* a step's CRC differs: see recording, step */
    SAST_SELFTEST_SYNOPS = 4,   /* total SynOps of a layer differ (low 32 bits shown): see recording, index */
    SAST_SELFTEST_SPIKES = 5,   /* total spikes of a layer differ (low 32 bits shown) */
    SAST_SELFTEST_OUTPUT = 6,   /* an output differs: index = class */
#ifdef SAST_EARLY
    SAST_SELFTEST_DECIDED = 8,  /* the recording is over after another step: see recording, step; got = sast_decided */
#endif /* SAST_EARLY */
    SAST_SELFTEST_CLASS = 7     /* the answer differs */
} sast_selftest_t;

/* The first thing that went wrong, and how much was replayed before it. */
typedef struct {
    sast_selftest_t outcome;
    uint32_t recordings; /* replayed to the end */
    uint32_t recording;  /* where the first difference is */
    uint32_t step;
    uint32_t index; /* layer (as in the model file) or class */
    uint32_t expected;
    uint32_t got;
} sast_selftest_report_t;

/* Replays `answers` (`size` bytes). memory, memory_size: as for sast_init. Returns report->outcome. */
sast_selftest_t sast_selftest(const sast_model_t *model, void *memory, size_t memory_size,
                              const SAST_TABLE uint8_t *answers, size_t size, sast_selftest_report_t *report);

/* "pass", "step CRC", ... */
const char *sast_selftest_name(sast_selftest_t outcome);

#ifdef __cplusplus
}
#endif

#endif /* SAST_SELFTEST_H */
