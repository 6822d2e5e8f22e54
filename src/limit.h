/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LIMIT_H
#define ZM_LIMIT_H

/* The hard limit, which requests must not exceed, and the soft one, which sets the pressure. */

#include "budget.h"

/* Whether there is a hard limit. */
bool zm_limit_is_set(void);

/* Whether the soft limit has to be compared with what is in use at every opportunity. */
bool zm_limit_wants_looks(void);

/* With a hard limit: as zm_budget_ask(), and announces the bytes to others until they are settled. */
bool zm_limit_ask(size_t bytes, struct zm_grant *grant);
void zm_limit_settle(size_t bytes);

/* Takes the sum, for everything that depends on it: the peak and the pressure. */
size_t zm_look(void);

/* ---- What limits of the process and of zones have in common ---- */

/* Whether a limit may be so many bytes; SIZE_MAX is no limit. */
static inline bool zm_is_limit(size_t bytes)
{
    return bytes == SIZE_MAX || (bytes > 0 && bytes < ZM_SIZE_LIMIT);
}

static inline bool zm_leaves_room(size_t limit, size_t in_use, size_t asked)
{
    return in_use <= limit && asked <= limit - in_use;
}

/* What gives resident memory back, before a request is refused for the resident set. */
void zm_limit_may_purge(int (*function)(void));

/* In the child of a fork. */
void zm_limit_in_child(void);

struct zm_limits {
    size_t hard;     /* SIZE_MAX: none */
    size_t soft;     /* the same */
    bool of_rss;     /* what they are compared with: the resident set, or what is in use */
    size_t external; /* bytes the program has told of */
    uint64_t refused;
    bool pressure;
};

struct zm_limits zm_limits(void);

/* For the window (window.h). */
void zm_limit_show(volatile uint64_t *entry);

/* ---- limit_setting.c ---- */

/* Reads ZMALLOC_LIMIT when the library is loaded, and obeys it when a backend is chosen. If it is
 * wrong, that ends the process. */
void zm_limit_load(void);
void zm_limit_start(void);

#endif
