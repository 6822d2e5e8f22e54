/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WORKERS_H
#define WORKERS_H

/*
 * A worker is a process with its own backend, because a process has only one. Workers are forked
 * before the library is used, get the same inputs at the same time, and live from input to input
 * until one of them finds something.
 */

#include <sys/types.h>

#include "lane.h"

#define WORKERS_MAX 8

struct worker {
    const char *backend;
    struct lane *lane;
    pid_t pid;
    int socket; /* a byte each way: here is an input, it is done */
    int errors; /* a file without a name: the worker's stderr */
};

/* The workers: one for each available backend, or for those in FUZZ_BACKENDS. */
extern struct worker workers[WORKERS_MAX];
extern size_t worker_count;

/* Starts all of them. Each calls run for every input. */
void workers_start(void (*run)(const uint8_t *data, size_t size));

/* Lets all of them run an input. Returns false if one has found something, which is explained on
 * stderr; that worker is gone. */
bool workers_run(const uint8_t *data, size_t size);

#endif
