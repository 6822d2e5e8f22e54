/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * jemalloc 5.3, a private copy inside the library under the prefix zm_je_. It counts by itself what
 * each thread allocates and frees, on every path and in usable sizes, so the core only reads its
 * counters.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "credible.h"
#include "jemalloc_api.h"
#include "jemalloc_slabs.h"
#include "output.h"
#include "room.h"
#include "uninstrumented.h"

/* ---- Operations ---- */

static void *report(void *ptr, size_t *usable)
{
    if (ZM_LIKELY(ptr != NULL)) {
        *usable = zm_je_malloc_usable_size(ptr);
        ZM_ASSUME(*usable != 0);
    }
    return ptr;
}

static void *jemalloc_alloc(size_t size, size_t *usable)
{
    INSIDE_ALLOCATOR;
    return report(zm_je_malloc(size), usable);
}

static void *jemalloc_calloc(size_t size, size_t *usable)
{
    INSIDE_ALLOCATOR;
    return report(zm_je_calloc(1, size), usable);
}

static void *jemalloc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    INSIDE_ALLOCATOR;
    size_t old = zm_je_malloc_usable_size(ptr);
    void *moved = zm_je_realloc(ptr, size);

    if (moved != NULL)
        *old_usable = old;
    return report(moved, usable);
}

static void *jemalloc_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    INSIDE_ALLOCATOR;
    return report(zm_je_aligned_alloc(alignment, size), usable);
}

static size_t jemalloc_free(void *ptr)
{
    INSIDE_ALLOCATOR;
    size_t usable = zm_je_malloc_usable_size(ptr);

    zm_je_free(ptr);
    return usable;
}

/* Not sdallocx: it derives the size class from the size. An aligned block has a larger class, and
 * we do not know its alignment. */
static size_t jemalloc_free_sized(void *ptr, size_t size)
{
    (void)size;
    return jemalloc_free(ptr);
}

static size_t jemalloc_usable_size(const void *ptr)
{
    INSIDE_ALLOCATOR;
    return zm_je_malloc_usable_size(ptr);
}

static void *jemalloc_alloc_no_tcache(size_t size, size_t *usable)
{
    INSIDE_ALLOCATOR;
    return report(zm_je_mallocx(size, JEMALLOC_NO_TCACHE), usable);
}

static size_t jemalloc_free_no_tcache(void *ptr)
{
    INSIDE_ALLOCATOR;
    size_t usable = zm_je_malloc_usable_size(ptr);

    zm_je_dallocx(ptr, JEMALLOC_NO_TCACHE);
    return usable;
}

/* ---- Thread counters ---- */

static struct mib allocated_mib;
static struct mib freed_mib;

static int jemalloc_thread_counters(const uint64_t **allocated, const uint64_t **freed)
{
    INSIDE_ALLOCATOR;
    if (!read_mib(&allocated_mib, (void *)allocated, sizeof *allocated) ||
        !read_mib(&freed_mib, (void *)freed, sizeof *freed))
        return -1; /* GCOVR_EXCL_LINE: what start has found stays */
    return 0;
}

static char version[32];

/* "5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c": the part before the first hyphen. */
static void write_version(void)
{
    const char *whole = "unknown";
    size_t size = sizeof whole;

    zm_je_mallctl("version", (void *)&whole, &size, NULL, 0);
    snprintf(version, sizeof version, "%.*s", (int)strcspn(whole, "-"), whole);
}

/* It says so, and fails as if there were no memory. */
static bool pages_are_too_large;

static void listen(void *opaque, const char *text)
{
    (void)opaque;
    if (strstr(text, "Unsupported system page size") != NULL)
        pages_are_too_large = true;
    else
        zm_write_to_stderr(text, strlen(text));
}

static void *first_block(void)
{
    void *block;

    if (!has_room_to_start())
        return NULL;
    zm_je_malloc_message = listen;
    block = zm_je_malloc(1);
    zm_je_malloc_message = NULL;
    return block;
}

static int explain_no_block(const char **why)
{
    static char text[80];

    *why = "no memory";
    if (!pages_are_too_large)
        return ENOMEM;
    snprintf(text, sizeof text, "it was built for smaller pages than the %ld bytes of this system",
             sysconf(_SC_PAGESIZE));
    *why = text;
    return ENOTSUP;
}

/* The private copy has no constructor: the first block makes it start, and register for fork. */
static int jemalloc_start(const char **why)
{
    INSIDE_ALLOCATOR;
    void *first = first_block();

    if (first == NULL)
        return explain_no_block(why);
    zm_je_free(first);
    write_version();
    if (find_mib(&allocated_mib, "thread.allocatedp") &&
        find_mib(&freed_mib, "thread.deallocatedp"))
        return 0;
    *why = "this jemalloc has no thread.allocatedp"; /* GCOVR_EXCL_LINE: built without statistics */
    return ENOTSUP;                                  /* GCOVR_EXCL_LINE: as above */
}

/* ---- What it says and does ---- */

static const char *jemalloc_version(void)
{
    return version;
}

/* Leaves *value alone if this jemalloc does not have the figure. */
static bool read_size(const char *name, size_t *value)
{
    size_t size = sizeof *value;

    return zm_je_mallctl(name, value, &size, NULL, 0) == 0;
}

/* What jemalloc calls allocated includes what thread caches hold and what it uses itself. */
static void read_allocated(size_t *allocated)
{
    size_t all, cached, internal;

    /* GCOVR_EXCL_BR_START: every jemalloc 5.3 with statistics has them */
    if (read_size("stats.allocated", &all) &&
        read_size("stats.arenas." ALL_ARENAS ".tcache_bytes", &cached) &&
        read_size("stats.arenas." ALL_ARENAS ".internal", &internal) && cached + internal <= all)
        *allocated = all - cached - internal;
    /* GCOVR_EXCL_BR_STOP */
}

static void jemalloc_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                    size_t *retained, size_t *muzzy)
{
    INSIDE_ALLOCATOR;
    uint64_t epoch = 1;
    size_t page = 0;
    size_t bytes;
    size_t muzzy_pages;

    zm_je_mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    read_allocated(allocated);
    /* GCOVR_EXCL_BR_START: as above */
    if (read_size("stats.active", &bytes))
        tell_if_credible(active, bytes);
    if (read_size("stats.resident", &bytes))
        tell_if_credible(resident, bytes);
    read_size("stats.retained", retained);
    if (read_size("arenas.page", &page) &&
        read_size("stats.arenas." ALL_ARENAS ".pmuzzy", &muzzy_pages))
        *muzzy = muzzy_pages * page;
    /* GCOVR_EXCL_BR_STOP */
}

static int jemalloc_purge(void)
{
    INSIDE_ALLOCATOR;
    return zm_je_mallctl("arena." ALL_ARENAS ".purge", NULL, NULL, NULL, 0);
}

/* EFAULT: the thread has no cache. */
static int jemalloc_thread_idle(void)
{
    INSIDE_ALLOCATOR;
    int error = zm_je_mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);

    return error != EFAULT ? error : 0;
}

static int jemalloc_background_thread(int enable)
{
    INSIDE_ALLOCATOR;
    bool value = enable != 0;

    return zm_je_mallctl("background_thread", NULL, NULL, &value, sizeof value);
}

static size_t jemalloc_good_size(size_t size)
{
    INSIDE_ALLOCATOR;
    return zm_je_nallocx(size, 0);
}

static int jemalloc_stats_print(void (*write_cb)(void *opaque, const char *text), void *opaque)
{
    INSIDE_ALLOCATOR;
    zm_je_malloc_stats_print(write_cb, opaque, NULL);
    return 0;
}

static int jemalloc_ctl(const char *name, void *oldp, size_t *oldlenp, const void *newp,
                        size_t newlen)
{
    INSIDE_ALLOCATOR;
    return zm_je_mallctl(name, oldp, oldlenp, newp, newlen);
}

static const struct zmalloc_backend jemalloc_backend = {
    .struct_size = sizeof(struct zmalloc_backend),
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "jemalloc",
    .free_keeps_errno = 1, /* see jemalloc_system.c */
    .alloc = jemalloc_alloc,
    .calloc = jemalloc_calloc,
    .realloc = jemalloc_realloc,
    .aligned_alloc = jemalloc_aligned_alloc,
    .free = jemalloc_free,
    .free_sized = jemalloc_free_sized,
    .usable_size = jemalloc_usable_size,
    .release = zm_je_free,
    .start = jemalloc_start,
    .version = jemalloc_version,
    .thread_counters = jemalloc_thread_counters,
    .allocator_info = jemalloc_allocator_info,
    .purge = jemalloc_purge,
    .background_thread = jemalloc_background_thread,
    .good_size = jemalloc_good_size,
    .stats_print = jemalloc_stats_print,
    .ctl = jemalloc_ctl,
    .thread_idle = jemalloc_thread_idle,
    .alloc_no_tcache = jemalloc_alloc_no_tcache,
    .free_no_tcache = jemalloc_free_no_tcache,
    .fragmentation = zm_slabs_fragmentation,
    .worth_moving = zm_slabs_worth_moving,
};

static const struct zmalloc_backend *const core_backend = &jemalloc_backend;

#include "core.h"

ZM_INSTANCE(jemalloc);
