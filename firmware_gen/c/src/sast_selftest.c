/* SPDX-License-Identifier: 0BSD */
/*
 * sast_selftest.c: replays known answers and stops at the first difference.
 */
#include "sast_selftest.h"

#include <stdbool.h>

#include "sast_crc.h"

#define ANSWERS_VERSION 1u
#ifdef SAST_EARLY
#define EARLY_VERSION 2u /* of a model that answers early: how many steps each recording has */
#endif /* SAST_EARLY */
#define MAGIC_BYTES 8u
#define HASH_BYTES 32u
#define EVENT_BYTES 5u
#define CRC_BYTES 4u

/* One replay: where it reads, what it runs, what it found. */
typedef struct {
    const SAST_TABLE uint8_t *at;
    const SAST_TABLE uint8_t *end;
    bool damaged; /* the answers ended too early */
    sast_context_t net;
    sast_step_crc_t crc;
    sast_selftest_report_t *report;
} replay_t;

/* The next `bytes` (up to 8) bytes as a number, lowest first. */
static uint64_t get(replay_t *replay, unsigned bytes)
{
    uint64_t value = 0;
    uint32_t i;

    if ((size_t)(replay->end - replay->at) < bytes) {
        replay->damaged = true;
        return 0;
    }
    for (i = 0; i < bytes; ++i) {
        value |= (uint64_t)replay->at[i] << (8u * i);
    }
    replay->at += bytes;
    return value;
}

static uint32_t get32(replay_t *replay)
{
    return (uint32_t)get(replay, 4);
}

/* Notes a difference, if there is one; tells whether the values agree. */
static bool agree(replay_t *replay, sast_selftest_t outcome, uint32_t index, uint64_t expected, uint64_t got)
{
    if (expected == got) {
        return true;
    }
    replay->report->outcome = outcome;
    replay->report->index = index;
    replay->report->expected = (uint32_t)(expected & 0xFFFFFFFFu);
    replay->report->got = (uint32_t)(got & 0xFFFFFFFFu);
    return false;
}

static bool call(replay_t *replay, sast_status_t status)
{
    return agree(replay, SAST_SELFTEST_STATUS, 0, (uint64_t)SAST_OK, (uint64_t)status);
}

/* Of bytes of a table, one by one: sast_crc32_update reads what lies in RAM. */
static uint32_t crc_of(const SAST_TABLE uint8_t *bytes, size_t size)
{
    uint32_t crc = SAST_CRC32_INIT;
    size_t i;

    for (i = 0; i < size; ++i) {
        const uint8_t byte = bytes[i];

        crc = sast_crc32_update(crc, &byte, 1);
    }
    return crc ^ SAST_CRC32_INIT;
}

/* Checks magic, version, model hash, extents and the CRC over everything; leaves `at` at the first recording. */
static bool open_answers(replay_t *replay, const SAST_TABLE uint8_t *answers, size_t size, uint32_t *recordings)
{
    static const char magic[] = "SASTKNOW";
    const sast_model_t *model = replay->net.model;
    bool good = size > CRC_BYTES;
    unsigned i;

    replay->at = answers;
    replay->end = answers + (good ? size - CRC_BYTES : 0u);
    for (i = 0; i < MAGIC_BYTES; ++i) {
        good = get(replay, 1) == (uint8_t)magic[i] && good;
    }
#ifdef SAST_EARLY
    good = get32(replay) == (model->margin != 0u ? EARLY_VERSION : ANSWERS_VERSION) && good;
#else /* SAST_EARLY */
    good = get32(replay) == ANSWERS_VERSION && good;
#endif /* SAST_EARLY */
    for (i = 0; i < HASH_BYTES; ++i) {
        good = get(replay, 1) == model->hash[i] && good;
    }
    *recordings = get32(replay);
    good = *recordings > 0u && good; /* no recordings would pass without a single check */
    good = get32(replay) == model->steps && good;
    good = get32(replay) == model->weighted_count && good;
    good = get32(replay) == model->class_count && good;
    if (good && !replay->damaged) {
        const uint32_t crc = crc_of(answers, size - CRC_BYTES);
        const SAST_TABLE uint8_t *stored = replay->end;

        good = crc == ((uint32_t)stored[0] | (uint32_t)stored[1] << 8 | (uint32_t)stored[2] << 16
                       | (uint32_t)stored[3] << 24);
    }
    return agree(replay, SAST_SELFTEST_ANSWERS, 0, 1, good && !replay->damaged ? 1u : 0u);
}

static bool replay_step(replay_t *replay)
{
    uint32_t events = get32(replay);

    for (; events > 0u && !replay->damaged; --events) {
        const uint16_t x = (uint16_t)get(replay, 2);
        const uint16_t y = (uint16_t)get(replay, 2);
        const uint8_t polarity = (uint8_t)get(replay, 1);

        if (!call(replay, sast_push(&replay->net, x, y, polarity))) {
            return false;
        }
    }
    return call(replay, sast_step(&replay->net))
           && agree(replay, SAST_SELFTEST_STEP_CRC, 0, get32(replay), sast_step_crc_value(&replay->crc));
}

static bool check_counters(replay_t *replay)
{
    sast_counters_t counters;
    uint16_t i;

    for (i = 0; i < replay->net.model->layer_count; ++i) {
        if (sast_counters(&replay->net, i, &counters) != SAST_OK) {
            continue; /* a layer without counters: a pool or flatten */
        }
        if (!agree(replay, SAST_SELFTEST_SYNOPS, i, get(replay, 8), counters.total_synops)
            || !agree(replay, SAST_SELFTEST_SPIKES, i, get(replay, 8), counters.total_spikes)) {
            return false;
        }
    }
    return true;
}

/* The outputs are read one by one, so that no room for all of them is needed. */
static bool check_outputs(replay_t *replay)
{
    const sast_model_t *model = replay->net.model;
    const int32_t *outputs = (const int32_t *)(const void *)(replay->net.memory + model->outputs);
    uint16_t answer = 0;
    uint16_t i;

    for (i = 0; i < model->class_count; ++i) {
        if (!agree(replay, SAST_SELFTEST_OUTPUT, i, get32(replay), (uint32_t)outputs[i])) {
            return false;
        }
    }
    return call(replay, sast_result(&replay->net, &answer, NULL))
           && agree(replay, SAST_SELFTEST_CLASS, 0, get32(replay), answer);
}

static bool replay_recording(replay_t *replay)
{
    sast_selftest_report_t *report = replay->report;
#ifdef SAST_EARLY
    const sast_model_t *model = replay->net.model;
    const uint32_t steps = model->margin != 0u ? get32(replay) : model->steps;
#endif /* SAST_EARLY */

    if (!call(replay, sast_reset(&replay->net))) {
        return false;
    }
#ifdef SAST_EARLY
    if (steps == 0u || steps > model->steps) {
        replay->damaged = true;
    }
    for (report->step = 0; report->step < steps && !replay->damaged; ++report->step) {
        if (!replay_step(replay)) {
            return false;
        }
        /* The last one ends the recording, no other does. */
        if (report->step + 1u < model->steps
            && !agree(replay, SAST_SELFTEST_DECIDED, 0, report->step + 1u == steps ? 1u : 0u,
                      sast_decided(&replay->net))) {
            return false;
        }
    }
#else /* SAST_EARLY */
    for (report->step = 0; report->step < replay->net.model->steps; ++report->step) {
        if (!replay_step(replay)) {
            return false;
        }
    }
#endif /* SAST_EARLY */
    return check_counters(replay) && check_outputs(replay);
}

sast_selftest_t sast_selftest(const sast_model_t *model, void *memory, size_t memory_size,
                              const SAST_TABLE uint8_t *answers, size_t size, sast_selftest_report_t *report)
{
    static const sast_selftest_report_t nothing_yet = {SAST_SELFTEST_PASS, 0, 0, 0, 0, 0, 0};
    replay_t replay;
    uint32_t recordings = 0;

    *report = nothing_yet;
    replay.report = report;
    replay.damaged = false;
    if (!call(&replay, sast_init(&replay.net, model, memory, memory_size))
        || !call(&replay, sast_step_crc_attach(&replay.net, &replay.crc))
        || !open_answers(&replay, answers, size, &recordings)) {
        return report->outcome;
    }
    for (; report->recording < recordings; ++report->recording) {
        if (!replay_recording(&replay)) {
            break;
        }
        ++report->recordings;
    }
    if (replay.damaged || (report->outcome == SAST_SELFTEST_PASS && replay.at != replay.end)) {
        report->outcome = SAST_SELFTEST_ANSWERS; /* they end too early, or go on */
    }
    return report->outcome;
}

const char *sast_selftest_name(sast_selftest_t outcome)
{
    switch (outcome) {
    case SAST_SELFTEST_PASS:
        return "pass";
    case SAST_SELFTEST_ANSWERS:
        return "the known answers are damaged or belong to another model";
    case SAST_SELFTEST_STATUS:
        return "status of a call";
    case SAST_SELFTEST_STEP_CRC:
        return "step CRC";
    case SAST_SELFTEST_SYNOPS:
        return "total SynOps";
    case SAST_SELFTEST_SPIKES:
        return "total spikes";
    case SAST_SELFTEST_OUTPUT:
        return "output";
    case SAST_SELFTEST_CLASS:
        return "class";
#ifdef SAST_EARLY
    case SAST_SELFTEST_DECIDED:
        return "sast_decided";
#endif /* SAST_EARLY */
    default:
        return "unknown outcome";
    }
}
