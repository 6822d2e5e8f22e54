/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OPERATIONS_H
#define OPERATIONS_H

/* What a stream can do: the first byte of a step is an index into this table, modulo its length.
 * Only append to it; otherwise the corpus changes its meaning. */

#include <stddef.h>

struct actor;
struct request;

struct operation {
    const char *name;
    /* Reads its parameters from the actor's stream, runs the operation, and checks the result. */
    void (*run)(struct actor *actor);
    /* For operations that return a block. */
    void *(*call)(const struct request *request);
    unsigned traits;
};

extern const struct operation operations[];
extern const size_t operation_count;

#endif
