/*
 * sast_touch.c: untouched cells of a convolution share one cell's membranes; a spike gives those it reaches their own.
 */
#include "sast_internal.h"

void sast_touch(sast_context_t *context, const sast_layer_t *layer, uint32_t position, uint32_t rows, uint32_t columns)
{
    uint32_t *idle = sast_words(context, layer->idle);
    uint32_t *membranes = sast_words(context, layer->membranes);

    for (; rows > 0u; --rows) {
        const uint32_t last = (position + columns - 1u) >> layer->cell_shift;
        uint32_t cell;

        for (cell = position >> layer->cell_shift; cell <= last; ++cell) {
            if (!sast_test_and_set(idle + 1, cell)) {
                sast_copy_cell(layer, membranes + cell * layer->cell_words, sast_idle_cell(layer, idle));
                --*idle;
            }
        }
        position += layer->out_width;
    }
}
