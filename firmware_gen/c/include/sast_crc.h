/* SPDX-License-Identifier: 0BSD */
/*
 * sast_crc.h: one number a step that stands for every membrane, spike and counter of that step.
 *
 * CRC-32 as in zlib and Ethernet. Per weighted layer: each neuron's membrane (int32, after reset) and spike (uint8),
 * then the layer's SynOps and spikes (uint32), all little-endian. Equal CRCs on a board and in edge-sast mean equal
 * steps, without moving a single membrane over a wire.
 *
 *     sast_step_crc_t crc;
 *     sast_step_crc_attach(&net, &crc);
 *     sast_step(&net);
 *     send(sast_step_crc_value(&crc));
 */
#ifndef SAST_CRC_H
#define SAST_CRC_H

#include "sast.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Start value of a CRC, and what its final value is XORed with. */
#define SAST_CRC32_INIT 0xFFFFFFFFu

/* The CRC continued over `size` bytes. crc = SAST_CRC32_INIT; ...update...; value = crc ^ SAST_CRC32_INIT. */
uint32_t sast_crc32_update(uint32_t crc, const uint8_t *bytes, size_t size);

typedef struct {
    uint32_t state; /* private: read it with sast_step_crc_value */
} sast_step_crc_t;

/* Makes `crc` the context's observer. It must stay in place until another observer is set. */
sast_status_t sast_step_crc_attach(sast_context_t *context, sast_step_crc_t *crc);

/* CRC of the last step. */
uint32_t sast_step_crc_value(const sast_step_crc_t *crc);

/* For observers of one's own: the same bytes, one neuron and one layer at a time. */
void sast_step_crc_begin(sast_step_crc_t *crc);
void sast_step_crc_neuron(sast_step_crc_t *crc, int32_t membrane, uint8_t spike);
void sast_step_crc_layer(sast_step_crc_t *crc, const sast_counters_t *counters);

#ifdef __cplusplus
}
#endif

#endif /* SAST_CRC_H */
