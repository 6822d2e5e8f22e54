/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * tcmalloc of gperftools. We do not use tc_free_sized(): for a page-aligned block, 2.10 puts a span
 * of pages into a list of small blocks, and it is slower than tc_free() anyway.
 *
 * From the system it is a library. From source it is compiled with this file as one, and starts when we
 * say so: see tcmalloc_fused.cc.
 */

#include <errno.h>
#include <gperftools/malloc_extension_c.h>
#include <gperftools/nallocx.h>
#include <gperftools/tcmalloc.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "credible.h"
#include "output.h"
#include "room.h"
#include "small_sizes.h"

static void *report(void *ptr, size_t *usable);

/* ---- What is different from source and from the system ---- */

#ifdef ZM_FUSED_TCMALLOC

#define RELEASE NULL

static size_t size_query(const void *ptr)
{
    return tcmalloc_size_of(ptr);
}

static void *alloc_in_any_way(size_t size, bool zero)
{
    return zero ? tc_calloc(1, size) : tc_malloc(size);
}

#include "fused_block.h"

ZM_INLINE void *tcmalloc_alloc(size_t size, size_t *usable)
{
    return alloc_block(size, false, usable);
}

ZM_INLINE void *tcmalloc_calloc(size_t size, size_t *usable)
{
    return alloc_block(size, true, usable);
}

static __attribute__((noinline)) size_t free_slowly(void *ptr)
{
    size_t usable = size_query(ptr);

    tc_free(ptr);
    return usable;
}

ZM_INLINE size_t tcmalloc_free(void *ptr)
{
    size_t usable;

    return ZM_LIKELY(free_small(ptr, &usable)) ? usable : free_slowly(ptr);
}

static int prepare(const char **why)
{
    if (!has_room_to_start()) {
        *why = "no memory";
        return ENOMEM;
    }
    tcmalloc_private_start();
    return 0;
}

#else

#define RELEASE tc_free

static struct small_sizes small_sizes;

/*
 * The function at the end of tc_malloc_size(), behind the look-up of the instance and its virtual
 * table. It is a C++ member that uses no object. If a library does not have it, or its
 * tc_malloc_size() returns something else, as the debugging one does, we call tc_malloc_size().
 */
size_t get_allocated_size(const void *self, const void *ptr) __asm__(
    "_ZN22TCMallocImplementation16GetAllocatedSizeEPKv") __attribute__((weak));

/*
 * Whether it leaves sbrk() alone. Otherwise it takes memory there first, as malloc does, and two
 * allocators that do so under different locks get the same memory. Weak: a library may not export
 * it.
 */
extern bool skip_sbrk __asm__("_ZN60FLAG__namespace_do_not_use_directly_use_DECLARE_bool_instead22"
                              "FLAGS_malloc_skip_sbrkE") __attribute__((weak));

/*
 * Writes its messages about a request of a gigabyte or missing memory, with write(): a cancellation
 * point, in functions that nothing may be thrown through. Weak: a library may not export it.
 */
extern void (*log_message_writer)(const char *text,
                                  int length) __asm__("_ZN8tcmalloc18log_message_writerE")
    __attribute__((weak));

/* GCOVR_EXCL_START: called where memory is used up, and then nothing that is counted can be
 * written */
static void write_line(const char *text, int length)
{
    if (length > 0)
        zm_write_to_stderr(text, (size_t)length);
}
/* GCOVR_EXCL_STOP */

static size_t ask_tc_malloc_size(const void *self, const void *ptr)
{
    (void)self;
    return tc_malloc_size((void *)(uintptr_t)ptr);
}

static size_t (*ask)(const void *self, const void *ptr) = ask_tc_malloc_size;

static size_t size_query(const void *ptr)
{
    return ask(NULL, ptr);
}

static void *tcmalloc_alloc(size_t size, size_t *usable)
{
    return small_size_report(&small_sizes, tc_malloc(size), size, usable);
}

static void *tcmalloc_calloc(size_t size, size_t *usable)
{
    return small_size_report(&small_sizes, tc_calloc(1, size), size, usable);
}

static size_t tcmalloc_free(void *ptr)
{
    size_t usable = size_query(ptr);

    tc_free(ptr);
    return usable;
}

static bool asks_directly(void)
{
    void *ptr = tc_malloc(1);
    bool same = ptr != NULL && get_allocated_size != NULL &&
                get_allocated_size(NULL, ptr) == tc_malloc_size(ptr);

    tc_free(ptr);
    return same;
}

static int prepare(const char **why)
{
    (void)why;
    if (&skip_sbrk != NULL)
        skip_sbrk = true;
    if (&log_message_writer != NULL)
        log_message_writer = write_line;
    if (asks_directly())
        ask = get_allocated_size;
    return 0;
}

#endif

/* ---- Operations ---- */

static void *report(void *ptr, size_t *usable)
{
    if (ZM_LIKELY(ptr != NULL))
        *usable = size_query(ptr);
    return ptr;
}

ZM_INLINE void *tcmalloc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old = size_query(ptr);
    void *moved = tc_realloc(ptr, size);

    if (moved != NULL)
        *old_usable = old;
    return report(moved, usable);
}

static void *tcmalloc_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    return report(tc_memalign(alignment, size), usable);
}

static size_t tcmalloc_free_sized(void *ptr, size_t size)
{
    (void)size;
    return tcmalloc_free(ptr);
}

static size_t tcmalloc_usable_size(const void *ptr)
{
    return size_query(ptr);
}

/* "gperftools 2.10": the number. */
static const char *tcmalloc_version(void)
{
    const char *whole = tc_version(NULL, NULL, NULL);
    const char *blank = strrchr(whole, ' ');

    return blank != NULL ? blank + 1 : whole;
}

/* Leaves *value alone if this tcmalloc does not have the property. */
static bool read_property(const char *name, size_t *value)
{
    return MallocExtension_GetNumericProperty(name, value) != 0;
}

/*
 * In every version heap_size is all that ever came from the system, including what was returned to
 * it and free pages; slack_bytes is those two together. Each property is read under its own locks.
 * The heap only grows, so reading it last never gives less than the parts read before. tcmalloc
 * counts what is allocated without a lock: while other threads allocate, the figure may be below 0.
 */
static void tcmalloc_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                    size_t *retained, size_t *muzzy)
{
    size_t in_blocks, unmapped, slack, heap, physical;
    /* GCOVR_EXCL_BR_START: every tcmalloc of gperftools has them */
    bool knows = read_property("generic.current_allocated_bytes", &in_blocks) &&
                 read_property("tcmalloc.pageheap_unmapped_bytes", &unmapped) &&
                 read_property("tcmalloc.slack_bytes", &slack) &&
                 read_property("generic.heap_size", &heap);

    (void)muzzy;
    if (!knows)
        return; /* GCOVR_EXCL_LINE: not a tcmalloc of gperftools */
    if (in_blocks <= heap)
        *allocated = in_blocks;
    tell_if_credible(active, heap - slack);
    *retained = unmapped;
    /* Includes what tcmalloc uses itself; versions before 2.9 do not report that. */
    if (!read_property("generic.total_physical_bytes", &physical))
        physical = heap - unmapped; /* GCOVR_EXCL_LINE: as above */
    tell_if_credible(resident, physical);
    /* GCOVR_EXCL_BR_STOP */
}

static int tcmalloc_thread_idle(void)
{
    MallocExtension_MarkThreadIdle();
    return 0;
}

static int tcmalloc_purge(void)
{
    MallocExtension_ReleaseFreeMemory();
    return 0;
}

static size_t tcmalloc_good_size(size_t size)
{
    return tc_nallocx(size, 0);
}

#define REPORT_FIRST_SIZE ((size_t)16 << 10)
#define REPORT_SIZE_MAX ((size_t)4 << 20)

/* tcmalloc cuts off what does not fit; the more fragmented the heap, the longer the report. NULL if
 * there is no memory. */
static char *whole_report(void)
{
    for (size_t size = REPORT_FIRST_SIZE;; size *= 4) {
        char *text = (char *)tc_calloc(1, size);

        if (text == NULL)
            return NULL;
        MallocExtension_GetStats(text, (int)size);
        if (strlen(text) < size - 1 || size >= REPORT_SIZE_MAX)
            return text;
        tc_free(text);
    }
}

static int tcmalloc_stats_print(void (*write_cb)(void *opaque, const char *text), void *opaque)
{
    char *text = whole_report();

    if (text == NULL)
        return ENOMEM;
    write_cb(opaque, text);
    tc_free(text);
    return 0;
}

/* Every property is a size_t. */
static int tcmalloc_ctl(const char *name, void *oldp, size_t *oldlenp, const void *newp,
                        size_t newlen)
{
    size_t value, asked;

    if (!MallocExtension_GetNumericProperty(name, &value))
        return ENOENT;
    if (oldp != NULL && (oldlenp == NULL || *oldlenp != sizeof value))
        return EINVAL;
    if (newp != NULL && newlen != sizeof value)
        return EINVAL;
    if (newp != NULL)
        memcpy(&asked, newp, sizeof asked);
    if (newp != NULL && !MallocExtension_SetNumericProperty(name, asked))
        return EPERM;
    if (oldp != NULL)
        memcpy(oldp, &value, sizeof value);
    return 0;
}

static int tcmalloc_start(const char **why);

static const struct zmalloc_backend tcmalloc_backend = {
    .struct_size = sizeof(struct zmalloc_backend),
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "tcmalloc",
    .alloc = tcmalloc_alloc,
    .calloc = tcmalloc_calloc,
    .realloc = tcmalloc_realloc,
    .aligned_alloc = tcmalloc_aligned_alloc,
    .free = tcmalloc_free,
    .free_sized = tcmalloc_free_sized,
    .usable_size = tcmalloc_usable_size,
    .start = tcmalloc_start,
    .release = RELEASE,
    .version = tcmalloc_version,
    .allocator_info = tcmalloc_allocator_info,
    .purge = tcmalloc_purge,
    .good_size = tcmalloc_good_size,
    .stats_print = tcmalloc_stats_print,
    .ctl = tcmalloc_ctl,
    .thread_idle = tcmalloc_thread_idle,
};

/* Here, because to C++ there is no table before all of it is there. */
static int tcmalloc_start(const char **why)
{
    int error = prepare(why);

#ifndef ZM_FUSED_TCMALLOC
    if (error == 0)
        small_sizes_learn(&small_sizes, &tcmalloc_backend);
#endif
    return error;
}

static const struct zmalloc_backend *const core_backend = &tcmalloc_backend;

#include "core.h"

ZM_INSTANCE(tcmalloc);
