/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_H
#define API_H

/*
 * What the tests of the API share: every function that returns a block, as a table; a handler that
 * only records its calls; and the sizes at which allocators change what they do.
 */

#include "support.h"

/* One way to ask for a block. */
struct allocating_function {
    const char *name;
    /* ptr is NULL unless takes_block. usable is not written unless tells_usable. */
    void *(*call)(void *ptr, size_t size, size_t *usable);
    bool calls_handler;
    bool tells_usable;
    bool zeroes;
    bool takes_block;
    bool keeps_too_large; /* a failed resize to SIZE_MAX/2 or more keeps the block */
    size_t alignment;     /* that it asks for; 0: no special one */
};

extern const struct allocating_function allocating_functions[];
extern const size_t allocating_function_count;

/* ---- Without cmocka ---- */

/* For a test's children and threads, in which a failing assertion of cmocka would continue in the
 * wrong place. */
#define EXPECT(condition) expect(condition, #condition, __FILE__, __LINE__)

/* If it does not hold, prints that and ends the process with status 1. */
void expect(bool holds, const char *condition, const char *file, int line);

/* Valgrind itself stops at an alignment of more than this. */
#define VALGRIND_ALIGNMENT_MAX ((size_t)16 << 20)

/* ---- The handler ---- */

/* How often the recording handler was called since it was set, and with what the last time. */
struct handler_record {
    size_t calls;
    size_t size;
};
extern struct handler_record handler_record;

/* What the default handler writes if that function gets no memory. */
const char *line_of_default_handler(const struct allocating_function *function, size_t size);

/* Installs a handler that records and returns, with an empty record. */
void remember_handler_calls(void);

/* ---- Sizes ---- */

/* The next size to test after this one, close enough to miss few of the backend's size classes: the
 * first size that a block of this size cannot hold, or an eighth more. */
size_t next_border(size_t size);

/* The alignment that a block of that size must have at least. */
size_t alignment_for(size_t size);
bool is_aligned(const void *ptr, size_t alignment);

/* ---- Contents ---- */

/* The block, as one of usable bytes for the compiler too. */
unsigned char *whole_block(void *ptr, size_t *usable);
void fill_whole(void *ptr, unsigned char byte);
void stamp_whole(void *ptr, unsigned seed);
bool whole_has_stamp(void *ptr, unsigned seed);
bool is_all(const void *ptr, size_t size, unsigned char byte);

#endif
