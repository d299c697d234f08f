/* SPDX-License-Identifier: 0BSD */
/*
 * sast_crc.c: CRC-32 (reflected, polynomial 0x04C11DB7) with a table of 64 bytes, and the CRC of a step.
 */
#include "sast_crc.h"

uint32_t sast_crc32_update(uint32_t crc, const uint8_t *bytes, size_t size)
{
    static const SAST_TABLE uint32_t nibble[16] = {
        0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
        0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu};
    size_t i;

    for (i = 0; i < size; ++i) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ nibble[crc & 15u];
        crc = (crc >> 4) ^ nibble[crc & 15u];
    }
    return crc;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value & 0xFFu);
    bytes[1] = (uint8_t)((value >> 8) & 0xFFu);
    bytes[2] = (uint8_t)((value >> 16) & 0xFFu);
    bytes[3] = (uint8_t)(value >> 24);
}

void sast_step_crc_begin(sast_step_crc_t *crc)
{
    crc->state = SAST_CRC32_INIT;
}

void sast_step_crc_neuron(sast_step_crc_t *crc, int32_t membrane, uint8_t spike)
{
    uint8_t bytes[5];

    put32(bytes, (uint32_t)membrane);
    bytes[4] = spike;
    crc->state = sast_crc32_update(crc->state, bytes, sizeof bytes);
}

void sast_step_crc_layer(sast_step_crc_t *crc, const sast_counters_t *counters)
{
    uint8_t bytes[8];

    put32(bytes, counters->synops);
    put32(bytes + 4, counters->spikes);
    crc->state = sast_crc32_update(crc->state, bytes, sizeof bytes);
}

uint32_t sast_step_crc_value(const sast_step_crc_t *crc)
{
    return crc->state ^ SAST_CRC32_INIT;
}

static void on_step_begin(void *user)
{
    sast_step_crc_begin((sast_step_crc_t *)user);
}

static void on_neuron(void *user, uint16_t layer, uint32_t neuron, int32_t membrane, uint8_t spike)
{
    (void)layer;
    (void)neuron;
    sast_step_crc_neuron((sast_step_crc_t *)user, membrane, spike);
}

static void on_layer_end(void *user, uint16_t layer, const sast_counters_t *counters)
{
    (void)layer;
    sast_step_crc_layer((sast_step_crc_t *)user, counters);
}

sast_status_t sast_step_crc_attach(sast_context_t *context, sast_step_crc_t *crc)
{
    sast_observer_t observer;

    if (crc == NULL) {
        return SAST_ERR_ARGUMENT;
    }
    sast_step_crc_begin(crc);
    observer.user = crc;
    observer.step_begin = on_step_begin;
    observer.neuron = on_neuron;
    observer.layer_end = on_layer_end;
    return sast_set_observer(context, &observer);
}
