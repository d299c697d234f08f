/* SPDX-License-Identifier: 0BSD */
/*
 * sast_push.c: one event into the network.
 */
#include "sast_dsp.h"
#include "sast_internal.h"

/* The first event of a step. */
static sast_status_t open_step(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    if (sast_is_outside(context->model, x, y, polarity)) {
        return SAST_ERR_RANGE;
    }
    sast_set_state(context, SAST_BUSY);
    sast_open_step(context);
    context->events_left = context->event_limit;
    sast_set_state(context, context->event_limit == 0u ? SAST_OPEN : SAST_LIMITED);
    return SAST_OK;
}

/* Whether an event may come under the limit: it does not count (any more), or takes one of those left. */
static bool within_limit(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    const sast_model_t *model = context->model;
    const uint32_t n = sast_input(model, x, y, polarity);

    if (sast_is_outside(model, x, y, polarity)
        || (model->count_cap == 1u ? sast_is_set((const uint32_t *)context->seen, n)
                                   : ((const uint8_t *)context->seen)[n] >= model->count_cap)) {
        return true;
    }
    if (context->events_left == 0u) {
        sast_increment(&context->lost.overload);
        return false;
    }
    --context->events_left;
    return true;
}

/* A function of its own, so that sast_push need not keep anything across its calls. */
SAST_USED sast_status_t sast_push_apart(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    sast_status_t status = sast_may_change(context);

    if (status == SAST_ERR_BUSY) {
        sast_increment(&context->lost.busy);
    }
    if (status == SAST_OK && sast_state(context) == SAST_CLOSED) {
        status = open_step(context, x, y, polarity);
    }
    if (status == SAST_OK && sast_state(context) == SAST_LIMITED && !within_limit(context, x, y, polarity)) {
        status = SAST_ERR_OVERLOAD;
    }
    return status == SAST_OK ? context->model->push(context, x, y, polarity) : status;
}

#if SAST_THUMB2

/* The offsets that stand in the assembly. */
#define MARK_AT "32"
#define PUSH_AT "104" /* in sast_model_t */
typedef char sast_requires_push_offsets[offsetof(sast_context_t, model) == 0 && offsetof(sast_context_t, mark) == 32
                                                && offsetof(sast_model_t, push) == 104 && SAST_OPEN == 0
                                            ? 1
                                            : -1];

/* In C it would be half as long again: compilers save registers here. */
SAST_NAKED sast_status_t sast_push(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    __asm__ volatile(".syntax unified\n"
                     "cbz r0, 1f\n"
                     "ldr r12, [r0, #" MARK_AT "]\n"
                     "cmp r12, r0\n"
                     "bne 1f\n"
                     "ldr r12, [r0]\n"
                     "ldr r12, [r12, #" PUSH_AT "]\n"
                     "bx r12 @ ->push\n"
                     "1:\n"
                     "b.w sast_push_apart\n");
}

#else

sast_status_t sast_push(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    sast_push_t push = sast_push_apart;

    if (context != NULL && sast_state(context) == SAST_OPEN) {
        push = context->model->push;
    }
    return push(context, x, y, polarity);
}

#endif
