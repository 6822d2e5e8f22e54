/* SPDX-License-Identifier: BSD-3-Clause */

#include "api.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- The functions ---- */

#define CALL(id, expression)                                                                       \
    static void *call_##id(void *ptr, size_t size, size_t *usable)                                 \
    {                                                                                              \
        (void)ptr;                                                                                 \
        (void)usable;                                                                              \
        return expression;                                                                         \
    }

CALL(zmalloc, zmalloc(size))
CALL(zcalloc, zcalloc(size))
CALL(zcalloc_num, zcalloc_num(size, 1))
CALL(zcalloc_one, zcalloc_num(1, size))
CALL(zrealloc, zrealloc(ptr, size))
CALL(zreallocarray, zreallocarray(ptr, size, 1))
CALL(zreallocarray_one, zreallocarray(ptr, 1, size))
CALL(zmalloc_usable, zmalloc_usable(size, usable))
CALL(zcalloc_usable, zcalloc_usable(size, usable))
CALL(zrealloc_usable, zrealloc_usable(ptr, size, usable))
CALL(zmalloc_aligned, zmalloc_aligned(16, size))
CALL(zmalloc_aligned_page, zmalloc_aligned(4096, size))
CALL(zmalloc_cache_aligned, zmalloc_cache_aligned(size))
CALL(ztrymalloc, ztrymalloc(size))
CALL(ztrycalloc, ztrycalloc(size))
CALL(ztrycalloc_num, ztrycalloc_num(size, 1))
CALL(ztrycalloc_one, ztrycalloc_num(1, size))
CALL(ztryrealloc, ztryrealloc(ptr, size))
CALL(ztryreallocarray, ztryreallocarray(ptr, size, 1))
CALL(ztryreallocarray_one, ztryreallocarray(ptr, 1, size))
CALL(ztrymalloc_usable, ztrymalloc_usable(size, usable))
CALL(ztrycalloc_usable, ztrycalloc_usable(size, usable))
CALL(ztryrealloc_usable, ztryrealloc_usable(ptr, size, usable))
CALL(ztrymalloc_aligned, ztrymalloc_aligned(16, size))
CALL(ztrymalloc_aligned_page, ztrymalloc_aligned(4096, size))
CALL(ztrymalloc_cache_aligned, ztrymalloc_cache_aligned(size))

#define ROW(id, ...) {.name = #id, .call = call_##id, __VA_ARGS__},
#define PLAIN_ROW(id) {.name = #id, .call = call_##id},
#define HANDLER .calls_handler = true
#define USABLE .tells_usable = true
#define ZEROES .zeroes = true
#define RESIZES .takes_block = true
#define KEEPS .keeps_too_large = true
#define ALIGNED(to) .alignment = (to)

#if defined(__s390x__)
#define CACHE_LINE 256
#elif defined(__powerpc__)
#define CACHE_LINE 128
#else
#define CACHE_LINE 64
#endif

const struct allocating_function allocating_functions[] = {
    /* clang-format off */
    ROW(zmalloc, HANDLER)
    ROW(zcalloc, HANDLER, ZEROES)
    ROW(zcalloc_num, HANDLER, ZEROES)
    ROW(zcalloc_one, HANDLER, ZEROES)
    ROW(zrealloc, HANDLER, RESIZES)
    ROW(zreallocarray, HANDLER, RESIZES, KEEPS)
    ROW(zreallocarray_one, HANDLER, RESIZES, KEEPS)
    ROW(zmalloc_usable, HANDLER, USABLE)
    ROW(zcalloc_usable, HANDLER, USABLE, ZEROES)
    ROW(zrealloc_usable, HANDLER, USABLE, RESIZES)
    ROW(zmalloc_aligned, HANDLER, ALIGNED(16))
    ROW(zmalloc_aligned_page, HANDLER, ALIGNED(4096))
    ROW(zmalloc_cache_aligned, HANDLER, ALIGNED(CACHE_LINE))
    PLAIN_ROW(ztrymalloc)
    ROW(ztrycalloc, ZEROES)
    ROW(ztrycalloc_num, ZEROES)
    ROW(ztrycalloc_one, ZEROES)
    ROW(ztryrealloc, RESIZES)
    ROW(ztryreallocarray, RESIZES, KEEPS)
    ROW(ztryreallocarray_one, RESIZES, KEEPS)
    ROW(ztrymalloc_usable, USABLE)
    ROW(ztrycalloc_usable, USABLE, ZEROES)
    ROW(ztryrealloc_usable, USABLE, RESIZES)
    ROW(ztrymalloc_aligned, ALIGNED(16))
    ROW(ztrymalloc_aligned_page, ALIGNED(4096))
    ROW(ztrymalloc_cache_aligned, ALIGNED(CACHE_LINE))
    /* clang-format on */
};
const size_t allocating_function_count = sizeof allocating_functions / sizeof *allocating_functions;

void expect(bool holds, const char *condition, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    _exit(1);
}

/* ---- The handler ---- */

struct handler_record handler_record;

static void remember(size_t size)
{
    handler_record.calls++;
    handler_record.size = size;
}

const char *line_of_default_handler(const struct allocating_function *function, size_t size)
{
    static char line[160];
    char aligned[40] = "";

    if (function->alignment > 0)
        snprintf(aligned, sizeof aligned, " aligned to %zu", function->alignment);
    snprintf(line, sizeof line, "zmalloc: Out of memory trying to allocate %zu bytes%s\n", size,
             aligned);
    return line;
}

void remember_handler_calls(void)
{
    handler_record = (struct handler_record){0};
    zmalloc_set_oom_handler(remember);
}

/* ---- Sizes ---- */

size_t next_border(size_t size)
{
    void *block = zmalloc(size);
    size_t beyond = zmalloc_usable_size(block) + 1;

    zfree(block);
    return beyond > size + size / 8 ? beyond : size + size / 8;
}

size_t alignment_for(size_t size)
{
    size_t alignment = 1;

    while (alignment < 16 && alignment * 2 <= size)
        alignment *= 2;
    return alignment;
}

bool is_aligned(const void *ptr, size_t alignment)
{
    return ((uintptr_t)ptr & (alignment - 1)) == 0;
}

/* ---- Contents ---- */

unsigned char *whole_block(void *ptr, size_t *usable)
{
    *usable = zmalloc_usable_size(ptr);
    return extend_to_usable(ptr, *usable);
}

void fill_whole(void *ptr, unsigned char byte)
{
    size_t usable;
    unsigned char *bytes = whole_block(ptr, &usable);

    memset(bytes, byte, usable);
}

void stamp_whole(void *ptr, unsigned seed)
{
    size_t usable;
    unsigned char *bytes = whole_block(ptr, &usable);

    stamp(bytes, usable, seed);
}

bool whole_has_stamp(void *ptr, unsigned seed)
{
    size_t usable;
    const unsigned char *bytes = whole_block(ptr, &usable);

    return has_stamp(bytes, usable, seed);
}

bool is_all(const void *ptr, size_t size, unsigned char byte)
{
    const unsigned char *bytes = ptr;

    return size == 0 || (bytes[0] == byte && memcmp(bytes, bytes + 1, size - 1) == 0);
}
