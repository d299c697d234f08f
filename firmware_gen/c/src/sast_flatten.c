/* SPDX-License-Identifier: 0BSD */
/*
 * sast_flatten.c: a place and a channel become one number.
 */
#include "sast_internal.h"

void sast_flatten(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const uint32_t position = sast_row(place) * layer->width + sast_column(place);

    sast_pass_on(context, layer, 0, position * layer->channels + channel);
}
