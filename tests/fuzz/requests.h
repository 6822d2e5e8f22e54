/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REQUESTS_H
#define REQUESTS_H

/* The operations that return a block: what is asked for, and what has to come of it. */

#include <stddef.h>

struct actor;

/* No function of the library sets it. */
#define ERRNO_BEFORE 4321

/* What a function gets, as far as it takes it. */
struct request {
    void *ptr;
    size_t num;
    size_t size;
    size_t alignment;
    const char *string;
    size_t *usable;
};

/* Traits of such a function. */
#define CALLS_HANDLER 1u
#define ZEROES 2u
#define TELLS_USABLE 4u
#define RESIZES 8u
#define TAKES_FACTORS 16u /* and leaves a block alone that was to be too large */
#define TAKES_ALIGNMENT 32u
#define TAKES_STRING 64u
#define TO_CACHE_LINE 128u

void run_request(struct actor *actor);

/* Makes the out-of-memory handler the one that streams expect, as an input finds it. */
void reset_handler(void);
/* What it does besides remembering its calls. */
void choose_handler(struct actor *actor);

#endif
