/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WORKERS_H
#define WORKERS_H

/*
 * A worker is a process with a backend of its own: a process has one, once chosen. Workers are
 * forked before the library is used, take the same inputs at the same time, and live on from input
 * to input until one of them finds something.
 */

#include <sys/types.h>

#include "lane.h"

#define WORKERS_MAX 8

struct worker {
    const char *backend;
    struct lane *lane;
    pid_t pid;
    int socket; /* a byte each way: an input is there, it was worked off */
    int errors; /* a file without a name, which is the worker's stderr */
};

/* The workers, one for each backend that is there, or for those in FUZZ_BACKENDS. */
extern struct worker workers[WORKERS_MAX];
extern size_t worker_count;

/* Starts them all; run is called in each with an input. */
void workers_start(void (*run)(const uint8_t *data, size_t size));

/* Has them all work off an input. False where one has found something, which is explained on
 * stderr; it is gone then. */
bool workers_run(const uint8_t *data, size_t size);

#endif
