/* SPDX-License-Identifier: 0BSD */
/*
 * sast_host.h: a model as a program that reads recordings and writes everything that happens in it.
 */
#ifndef SAST_HOST_H
#define SAST_HOST_H

#include "sast_trace.h"

/* Reads recordings from standard input until it ends, writes their traces to standard output (the format is in
   sast_host.c). Returns the program's exit code: 0, or 1 with one line on standard error. */
int sast_host_run(const sast_model_t *model, const sast_trace_memory_t *memory);

#endif /* SAST_HOST_H */
