/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REQUESTS_H
#define REQUESTS_H

/* The operations that return a block: the request, and the expected result. */

#include <stddef.h>

struct actor;

/* No function of the library sets it. */
#define ERRNO_BEFORE 4321

/* The arguments; a function uses those it takes. */
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
#define TAKES_FACTORS 16u /* and a failed resize to too large a size keeps the block */
#define TAKES_ALIGNMENT 32u
#define TAKES_STRING 64u
#define TO_CACHE_LINE 128u

void run_request(struct actor *actor);

/* Installs the out-of-memory handler that streams expect at the start of an input. */
void reset_handler(void);
/* What the handler does besides recording its calls. */
void choose_handler(struct actor *actor);

#endif
