/* SPDX-License-Identifier: 0BSD */
/*
 * sast_early.c: whether a recording ends before its last step.
 */
#include "sast_internal.h"

#ifdef SAST_EARLY
uint8_t sast_decided(const sast_context_t *context)
{
    const int32_t *values;
    int32_t best;
    int32_t second;
    uint16_t i;

    if (!sast_ready(context) || context->model->margin == 0u || context->steps == 0u) {
        return 0;
    }
    values = (const int32_t *)sast_memory(context, context->model->outputs);
    best = values[0] > values[1] ? values[0] : values[1]; /* a model with a margin has two classes or more */
    second = values[0] > values[1] ? values[1] : values[0];
    for (i = 2; i < context->model->class_count; ++i) {
        if (values[i] > best) {
            second = best;
            best = values[i];
        } else {
            second = values[i] > second ? values[i] : second;
        }
    }
    return (uint32_t)best - (uint32_t)second >= context->model->margin ? 1u : 0u; /* exact: never more than 32 bits */
}
#endif /* SAST_EARLY */
