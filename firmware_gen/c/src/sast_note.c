/* SPDX-License-Identifier: 0BSD */
/*
 * sast_note.c: an input spike of a linear layer that adds all of a step at once.
 */
#include "sast_internal.h"

void sast_note(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    (void)place;
    (void)sast_test_and_set(sast_words(context, layer->noted), channel);
}
