/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WATCHING_BACKEND_H
#define WATCHING_BACKEND_H

/*
 * A backend that forwards to another one, does everything that a backend may, and checks that the
 * core keeps the promises of zmalloc_backend.h. For one thread at a time: its counter is plain.
 */

#include <stdbool.h>
#include <stddef.h>

#include "zmalloc_backend.h"

#define WATCHING_BACKEND_NAME "watching"

/* Registers it over the backend of that name. zmalloc_init(WATCHING_BACKEND_NAME) then starts both.
 * Returns 0, or -1 with errno set. */
int watching_backend_register(const char *base_name);

/* From now on refuses every request for memory, after checking it; or stops doing so. */
void watching_backend_refuse(bool all);

/* How often the core has called an operation with a block or for one. */
size_t watching_backend_calls(void);

/* How often the core has broken a promise. */
size_t watching_backend_broken_promises(void);

#endif
