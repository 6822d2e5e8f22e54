/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OPERATIONS_H
#define OPERATIONS_H

/* What a stream can do: the bytes that begin a step are numbers of this table, modulo its length.
 * Append only, or the corpus means something else. */

#include <stddef.h>

struct actor;
struct request;

struct operation {
    const char *name;
    /* Takes what it needs of the actor's stream, does it, and checks what came of it. */
    void (*run)(struct actor *actor);
    /* Of those that return a block. */
    void *(*call)(const struct request *request);
    unsigned traits;
};

extern const struct operation operations[];
extern const size_t operation_count;

#endif
