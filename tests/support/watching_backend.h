/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WATCHING_BACKEND_H
#define WATCHING_BACKEND_H

/*
 * A backend that forwards to another one, does whatever a backend may, and looks whether the core
 * keeps the promises of zmalloc_backend.h. It is for one thread at a time: its counter is plain.
 */

#include <stdbool.h>
#include <stddef.h>

#include "zmalloc_backend.h"

#define WATCHING_BACKEND_NAME "watching"

/* Registers it over the backend of that name, which zmalloc_init(WATCHING_BACKEND_NAME) then starts
 * as well. Returns 0, or -1 with errno. */
int watching_backend_register(const char *base_name);

/* From now on each request for memory is looked at and refused; or no longer. */
void watching_backend_refuse(bool all);

/* How often the core has called for a block, or with one. */
size_t watching_backend_calls(void);

/* How often the core has broken a promise. */
size_t watching_backend_broken_promises(void);

#endif
