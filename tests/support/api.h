/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_H
#define API_H

/*
 * What the tests of the API share: every function that returns a block, as one table; a handler
 * that only remembers; and the sizes at which allocators change their minds.
 */

#include "support.h"

/* One way to ask for a block. */
struct allocating_function {
    const char *name;
    /* ptr is NULL unless takes_block; usable is left alone unless tells_usable. */
    void *(*call)(void *ptr, size_t size, size_t *usable);
    bool calls_handler;
    bool tells_usable;
    bool zeroes;
    bool takes_block;
    bool keeps_too_large; /* a block that was to become SIZE_MAX/2 or more stays */
    size_t alignment;     /* that it asks for; 0: none of its own */
};

extern const struct allocating_function allocating_functions[];
extern const size_t allocating_function_count;

/* ---- Where there is no cmocka ---- */

/* For children and threads of a test: an assertion of cmocka would go on in the wrong place. */
#define EXPECT(condition) expect(condition, #condition, __FILE__, __LINE__)

/* Where it does not hold, says so and ends the process with status 1. */
void expect(bool holds, const char *condition, const char *file, int line);

/* Valgrind itself ends over an alignment of more than this. */
#define VALGRIND_ALIGNMENT_MAX ((size_t)16 << 20)

/* ---- The handler ---- */

/* How often the remembering handler was called since it was set, and with what the last time. */
struct handler_record {
    size_t calls;
    size_t size;
};
extern struct handler_record handler_record;

/* What the handler that comes with the library writes where that function gets no memory. */
const char *line_of_default_handler(const struct allocating_function *function, size_t size);

/* Makes the handler one that remembers and returns, with a clean record. */
void remember_handler_calls(void);

/* ---- Sizes ---- */

/* The next size after this one to look at, near enough to miss few of the backend's size classes:
 * the first size that a block of this size cannot hold, or an eighth more. */
size_t next_border(size_t size);

/* The alignment that a block of that size must have at least. */
size_t alignment_for(size_t size);
bool is_aligned(const void *ptr, size_t alignment);

/* ---- Contents ---- */

/* The block as one of usable bytes, for the compiler too. */
unsigned char *whole_block(void *ptr, size_t *usable);
void fill_whole(void *ptr, unsigned char byte);
void stamp_whole(void *ptr, unsigned seed);
bool whole_has_stamp(void *ptr, unsigned seed);
bool is_all(const void *ptr, size_t size, unsigned char byte);

#endif
