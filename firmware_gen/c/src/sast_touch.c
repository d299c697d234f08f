/* SPDX-License-Identifier: 0BSD */
/*
 * sast_touch.c: cells that no spike has touched since sast_reset share one cell's membranes; a spike gives those that it
 * reaches their own.
 */
#include "sast_internal.h"

static void touch_cell(sast_context_t *context, const sast_layer_t *layer, uint32_t *idle, uint32_t cell)
{
    uint32_t *membranes = sast_words(context, layer->membranes);

    if (!sast_test_and_set(idle + 1, cell)) {
        sast_copy(membranes + cell * layer->cell_words, sast_idle_cell(layer, idle), layer->cell_words);
        --*idle;
    }
}

void sast_touch(sast_context_t *context, const sast_layer_t *layer, uint32_t place, uint32_t channel)
{
    const sast_rows_t *rows = &layer->rows[sast_row(place)];
    const sast_columns_t *columns = &layer->columns[sast_column(place)];
    uint32_t *idle = sast_words(context, layer->idle);
    uint32_t position = rows->position + columns->position;
    uint32_t row;

    for (row = 0; row < rows->count && columns->count != 0u; ++row) {
        const uint32_t first = position >> layer->cell_shift;
        const uint32_t last = (position + columns->count - 1u) >> layer->cell_shift;
        const uint32_t touched = idle[1u + (first >> 5)] >> (first & 31u);
        uint32_t cell;

        /* Mostly all are touched, and within one word, which one look tells. Bits beyond the word look untouched. */
        if (last - first >= 31u || (~touched & (((uint32_t)2u << (last - first)) - 1u)) != 0u) {
            for (cell = first; cell <= last; ++cell) {
                touch_cell(context, layer, idle, cell);
            }
        }
        position += layer->out_width;
    }
    layer->reach(context, layer, place, channel);
}
