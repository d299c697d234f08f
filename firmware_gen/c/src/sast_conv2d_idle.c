/* SPDX-License-Identifier: 0BSD */
/*
 * sast_conv2d_idle.c: one input spike of a convolution with idle cells.
 */
#include "sast_internal.h"

void sast_conv2d_idle(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    if (*sast_words(context, layer->idle) == 0u) {
        layer->reach(context, layer, place, channel);
    } else {
        sast_touch(context, layer, place, channel);
    }
}
