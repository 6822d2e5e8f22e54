/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * mimalloc 2 and 3. We ask the block for its size: mi_good_size() does not know the size of large
 * or aligned blocks. Later versions (2.4, 3.2.6) also report the size when they free or resize a
 * block, which saves a second look-up of its page; the build checks for that.
 *
 * From the system it is a library. From source (ZM_FUSED_MIMALLOC) it is compiled here, as one with our
 * functions: see mimalloc_fused.h.
 */

#ifdef ZM_FUSED_MIMALLOC
#include "mimalloc_fused.h"
#else
#include <mimalloc.h>
#endif

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "mimalloc_version.h"
#include "other_threads.h"
#include "output.h"
#include "room.h"
#include "small_sizes.h"

/* Later versions declare mi_stats_print_out() there. */
#if defined(__has_include)
#if __has_include(<mimalloc-stats.h>)
#include <mimalloc-stats.h>
#endif
#endif

static const struct zmalloc_backend mimalloc_backend;

static void *report(void *ptr, size_t *usable)
{
    if (ZM_LIKELY(ptr != NULL))
        *usable = mi_usable_size(ptr);
    return ptr;
}

#ifdef ZM_KNOWS_MIMALLOC

static void *alloc_in_any_way(size_t size, bool zero)
{
    return zero ? mi_zalloc(size) : mi_malloc(size);
}

#include "fused_block.h"

ZM_INLINE void *mimalloc_alloc(size_t size, size_t *usable)
{
    return alloc_block(size, false, usable);
}

ZM_INLINE void *mimalloc_calloc(size_t size, size_t *usable)
{
    return alloc_block(size, true, usable);
}

static void learn_sizes(void)
{
}

#else

static struct small_sizes small_sizes;

static void *mimalloc_alloc(size_t size, size_t *usable)
{
    return small_size_report(&small_sizes, mi_malloc(size), size, usable);
}

static void *mimalloc_calloc(size_t size, size_t *usable)
{
    return small_size_report(&small_sizes, mi_zalloc(size), size, usable);
}

static void learn_sizes(void)
{
    small_sizes_learn(&small_sizes, &mimalloc_backend);
}

#endif

/*
 * ---- Freeing and resizing, and what size the block had ----
 *
 * mi_ufree() and its family report the size from the start of a block to its end; mi_usable_size()
 * reports it from the pointer to the end, which may be less for an aligned block. So an aligned
 * block either begins where its memory does, or is recognized by its address: see whole_block().
 */

static void *ask_and_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old = mi_usable_size(ptr);
    void *moved = mi_realloc(ptr, size);

    if (moved != NULL)
        *old_usable = old;
    return report(moved, usable);
}

static size_t ask_and_free(void *ptr)
{
    size_t usable = mi_usable_size(ptr);

    mi_free(ptr);
    return usable;
}

#ifdef ZM_HAVE_MI_UFREE

#define REPORTS_SIZES true
#define RELEASE NULL
#define FREE_KEEPS_ERRNO 0
/* A block with this alignment need not begin where its memory does. */
#define TOLD_BY_ALIGNMENT ((size_t)8 << 10)

static bool may_be_inside(const void *ptr)
{
    return ZM_UNLIKELY(((uintptr_t)ptr & (TOLD_BY_ALIGNMENT - 1)) == 0);
}

static void *mimalloc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    size_t old = 0;
    size_t got = 0;
    void *moved;

    if (may_be_inside(ptr))
        return ask_and_realloc(ptr, size, old_usable, usable);
    moved = mi_urealloc(ptr, size, &old, &got);
    if (moved != NULL) {
        *old_usable = old;
        *usable = got;
    }
    return moved;
}

static size_t mimalloc_free(void *ptr)
{
    size_t usable = 0;

    if (may_be_inside(ptr))
        return ask_and_free(ptr);
    mi_ufree(ptr, &usable);
    return usable;
}

/* Not in builds that check for overruns: their usable size is the size that was asked for. */
static bool reports_are_usable_sizes(void)
{
    size_t reported = 0;
    void *ptr = mi_malloc(1);
    size_t usable = ptr != NULL ? mi_usable_size(ptr) : 0;

    mi_ufree(ptr, &reported);
    return reported == usable;
}

#else

#define REPORTS_SIZES false

static void *mimalloc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    return ask_and_realloc(ptr, size, old_usable, usable);
}

#ifdef ZM_KNOWS_MIMALLOC

#define RELEASE NULL
#define FREE_KEEPS_ERRNO 1

static __attribute__((noinline)) size_t free_slowly(void *ptr)
{
    int saved_errno = errno;
    size_t usable = ask_and_free(ptr);

    errno = saved_errno;
    return usable;
}

ZM_INLINE size_t mimalloc_free(void *ptr)
{
    size_t usable;

    return ZM_LIKELY(free_small(ptr, &usable)) ? usable : free_slowly(ptr);
}

#else

#define RELEASE mi_free
#define FREE_KEEPS_ERRNO 0

static size_t mimalloc_free(void *ptr)
{
    return ask_and_free(ptr);
}

#endif

static bool reports_are_usable_sizes(void)
{
    return true;
}

#endif

static size_t mimalloc_free_sized(void *ptr, size_t size)
{
    (void)size;
    return mimalloc_free(ptr);
}

static size_t mimalloc_usable_size(const void *ptr)
{
    return mi_usable_size(ptr);
}

/* ---- Aligned blocks ---- */

/*
 * When a page is full and abandoned, 3.0.1 forgets that it has pointers into the middle of blocks.
 * Such a block changes its usable size, and freeing it corrupts the page. Fixed in 3.0.2.
 */
static bool forgets_inner_pointers(int number)
{
    return number >= MIMALLOC_VERSION_NUMBER(3, 0, 0) && number < MIMALLOC_VERSION_NUMBER(3, 0, 2);
}

/* Whether blocks of mi_malloc_aligned_at() cannot be used; start decides. */
static bool whole_blocks_only;

/* Up to this size a block of a power of two is aligned to its size, in every version that needs
 * it. */
#define NATURAL_SIZE ((size_t)1024)
/* The first block of a page is aligned at most to this. */
#define ALIGNMENT_IN_PAGES ((size_t)4 << 10)

/* The last resort. In 3.0.1 a block with such an alignment has pages of its own and begins with
 * them; in versions that report sizes we recognize it by its address. */
#ifdef TOLD_BY_ALIGNMENT
#define LEAST_ALIGNMENT TOLD_BY_ALIGNMENT
#else
#define LEAST_ALIGNMENT ((size_t)128 << 10)
#endif

/* A block that happens to be aligned, or NULL. */
static void *aligned_by_itself(size_t alignment, size_t size)
{
    void *ptr = mi_malloc(size);

    if (((uintptr_t)ptr & (alignment - 1)) == 0)
        return ptr;
    mi_free(ptr);
    return NULL;
}

static size_t power_of_two_from(size_t size)
{
    size_t power = 1;

    while (power < size)
        power *= 2;
    return power;
}

/*
 * For an alignment mimalloc takes a larger block and returns a pointer into it, unless it has a
 * block that is already aligned. Most blocks whose size is a multiple of the alignment are.
 */
static __attribute__((noinline)) void *whole_block(size_t alignment, size_t size)
{
    size_t multiple = (size + alignment - 1) & ~(alignment - 1);
    void *ptr = NULL;

    if (alignment <= ALIGNMENT_IN_PAGES)
        ptr = aligned_by_itself(alignment, multiple);
    if (ptr == NULL && multiple <= NATURAL_SIZE)
        ptr = aligned_by_itself(alignment, power_of_two_from(multiple));
    if (ptr == NULL)
        ptr = mi_malloc_aligned_at(size, alignment < LEAST_ALIGNMENT ? LEAST_ALIGNMENT : alignment,
                                   0);
    return ptr;
}

/* mi_malloc_aligned() of 2.0.9 wrongly assumes that blocks of 256, 512 and 1024 bytes are aligned
 * to their size. This function, with offset 0, looks at the block. */
static void *mimalloc_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    if (ZM_UNLIKELY(whole_blocks_only))
        return report(whole_block(alignment, size), usable);
    return report(mi_malloc_aligned_at(size, alignment, 0), usable);
}

/* ---- fork ---- */

/*
 * 3.2 and later take mutexes when a thread allocates for the first time and when it ends, and have
 * no fork handlers that make sure they are free in the child. If a thread forks that has not
 * allocated, while another one just allocates for the first time, the first block in the child
 * waits for ever. So the forking thread allocates here. (A thread that the child makes may still
 * wait: docs/environment.md.)
 */
static void before_fork(void)
{
    mi_free(mi_malloc(1));
}

/* ---- What it says ---- */

/* Earlier messages were written already; mimalloc repeats them to a function that registers
 * late. */
static bool is_late;

/* Instead of fputs(), which is a cancellation point and may allocate. */
static void write_message(const char *text, void *argument)
{
    (void)argument;
    if (is_late)
        zm_write_to_stderr(text, strlen(text));
}

static void take_messages(void)
{
    mi_register_output(write_message, NULL);
    is_late = true;
}

/* ---- Start ---- */

static char version[16];

static void write_version(int number)
{
    snprintf(version, sizeof version, "%d.%d.%d", number / 10000, number / 100 % 100, number % 100);
}

static int mimalloc_start(const char **why)
{
    int number = mimalloc_version_number(mi_version());

    if (!has_room_to_start()) {
        *why = "no memory";
        return ENOMEM;
    }
#ifdef ZM_FUSED_MIMALLOC
    mi_private_start();
#endif
    write_version(number);
    if (!reports_are_usable_sizes()) {
        /* GCOVR_EXCL_START: built for a mimalloc without mi_ufree() */
        *why = "a mimalloc for debugging, whose mi_ufree() tells other sizes than mi_usable_size()";
        return ENOTSUP;
        /* GCOVR_EXCL_STOP */
    }
    whole_blocks_only = REPORTS_SIZES || forgets_inner_pointers(number);
    take_messages();
    learn_sizes();
    if (number >= MIMALLOC_VERSION_NUMBER(3, 2, 0))
        return pthread_atfork(before_fork, NULL, NULL);
    return 0;
}

static const char *mimalloc_version(void)
{
    return version;
}

/*
 * There is no allocator_info. The only figure that mimalloc has is committed memory, and it is
 * wrong: in 2.0.9 it grows without end while large blocks come and go, in 3.0.1 it falls below 0,
 * in 3.6.0 it does not fall when memory is returned to the system.
 */

static int collect(void)
{
    mi_collect(true);
    return 0;
}

/* A thread keeps its pages, even if others have freed all blocks in them. In mimalloc 3 it keeps
 * those in which it has freed blocks itself. */
static int mimalloc_purge(void)
{
    collect();
    return may_have_other_threads() ? EBUSY : 0;
}

/* Above this, 128 KiB on 64-bit machines, mi_good_size() and mi_malloc() round differently. */
#define GOOD_SIZE_MAX (sizeof(void *) << 14)

static size_t mimalloc_good_size(size_t size)
{
    return size <= GOOD_SIZE_MAX ? mi_good_size(size) : 0;
}

/* Since 2.3 and 3.3. It only looks at the page, and says no to the one that new blocks come from. There is no
 * figure for all pages to compare with. "Unsafe" means that another thread may use the page meanwhile; the block
 * is in use, so the page stays. */
#ifdef ZM_HAVE_MI_UNDER_UTILIZED
#define PERCENT_WORTH_MOVING 50

static int mimalloc_worth_moving(const void *ptr)
{
    return mi_unsafe_heap_page_is_under_utilized(NULL, (void *)(uintptr_t)ptr,
                                                 PERCENT_WORTH_MOVING);
}

#define WORTH_MOVING mimalloc_worth_moving
#else
#define WORTH_MOVING NULL
#endif

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
    .free_keeps_errno = FREE_KEEPS_ERRNO,
    .alloc = mimalloc_alloc,
    .calloc = mimalloc_calloc,
    .realloc = mimalloc_realloc,
    .aligned_alloc = mimalloc_aligned_alloc,
    .free = mimalloc_free,
    .free_sized = mimalloc_free_sized,
    .usable_size = mimalloc_usable_size,
    .release = RELEASE,
    .start = mimalloc_start,
    .version = mimalloc_version,
    .purge = mimalloc_purge,
    .good_size = mimalloc_good_size,
    .stats_print = mimalloc_stats_print,
    .thread_idle = collect,
    .worth_moving = WORTH_MOVING,
};

static const struct zmalloc_backend *const core_backend = &mimalloc_backend;

#include "core.h"

ZM_INSTANCE(mimalloc);
