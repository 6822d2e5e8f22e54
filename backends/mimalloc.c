/* SPDX-License-Identifier: BSD-3-Clause */

/* mimalloc 2. Sizes are asked of the block: mi_good_size() does not tell those of large blocks, and
 * never those of aligned ones. */

#include <errno.h>
#include <mimalloc.h>
#include <stdio.h>

#include "internal.h"
#include "other_threads.h"
#include "small_sizes.h"

static const struct zmalloc_backend mimalloc_backend;
static struct small_sizes small_sizes;

static void *report(void *ptr, size_t *usable)
{
    if (ZM_LIKELY(ptr != NULL))
        *usable = mi_usable_size(ptr);
    return ptr;
}

static void *mimalloc_alloc(size_t size, size_t *usable)
{
    return small_size_report(&small_sizes, mi_malloc(size), size, usable);
}

static void *mimalloc_calloc(size_t size, size_t *usable)
{
    return small_size_report(&small_sizes, mi_zalloc(size), size, usable);
}

static void *mimalloc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old = mi_usable_size(ptr);
    void *moved = mi_realloc(ptr, size);

    if (moved != NULL)
        *old_usable = old;
    return report(moved, usable);
}

/* mi_malloc_aligned() of 2.0.9 takes blocks of 256, 512 and 1024 bytes to be aligned to their size,
 * which they are not. This one, with no offset, looks at the block. */
static void *mimalloc_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    return report(mi_malloc_aligned_at(size, alignment, 0), usable);
}

static size_t mimalloc_free(void *ptr)
{
    size_t usable = mi_usable_size(ptr);

    mi_free(ptr);
    return usable;
}

static size_t mimalloc_free_sized(void *ptr, size_t size)
{
    (void)size;
    return mimalloc_free(ptr);
}

static size_t mimalloc_usable_size(const void *ptr)
{
    return mi_usable_size(ptr);
}

static char version[16];

/* 209 is 2.0.9. */
static int mimalloc_start(const char **why)
{
    int number = mi_version();

    (void)why;
    small_sizes_learn(&small_sizes, &mimalloc_backend);
    snprintf(version, sizeof version, "%d.%d.%d", number / 100, number / 10 % 10, number % 10);
    return 0;
}

static const char *mimalloc_version(void)
{
    return version;
}

/*
 * There is no allocator_info. mimalloc counts what it has committed, and that alone, and gets it
 * wrong: in 2.0.9 the count grows without end while large blocks come and go, in 3.0.1 it falls
 * below 0, in 3.6.0 it does not fall when memory is given back.
 */

static int collect(void)
{
    mi_collect(true);
    return 0;
}

/* The pages of a thread are its own, also if all blocks in them were freed by others. */
static int mimalloc_purge(void)
{
    collect();
    return may_have_other_threads() ? EBUSY : 0;
}

/* Beyond it, 128 KiB on 64-bit machines, mi_good_size() rounds otherwise than mi_malloc(). */
#define GOOD_SIZE_MAX (sizeof(void *) << 14)

static size_t mimalloc_good_size(size_t size)
{
    return size <= GOOD_SIZE_MAX ? mi_good_size(size) : 0;
}

struct writer {
    void (*write_cb)(void *opaque, const char *text);
    void *opaque;
};

static void pass_on(const char *text, void *argument)
{
    const struct writer *writer = argument;

    writer->write_cb(writer->opaque, text);
}

static int mimalloc_stats_print(void (*write_cb)(void *opaque, const char *text), void *opaque)
{
    struct writer writer = {.write_cb = write_cb, .opaque = opaque};

    mi_stats_print_out(pass_on, &writer);
    return 0;
}

static const struct zmalloc_backend mimalloc_backend = {
    .struct_size = sizeof(struct zmalloc_backend),
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "mimalloc",
    .alloc = mimalloc_alloc,
    .calloc = mimalloc_calloc,
    .realloc = mimalloc_realloc,
    .aligned_alloc = mimalloc_aligned_alloc,
    .free = mimalloc_free,
    .free_sized = mimalloc_free_sized,
    .usable_size = mimalloc_usable_size,
    .release = mi_free,
    .start = mimalloc_start,
    .version = mimalloc_version,
    .purge = mimalloc_purge,
    .good_size = mimalloc_good_size,
    .stats_print = mimalloc_stats_print,
    .thread_idle = collect,
};

static const struct zmalloc_backend *const core_backend = &mimalloc_backend;

#include "core.h"

ZM_INSTANCE(mimalloc);
