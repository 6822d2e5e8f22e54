/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The top of the library: the public functions, the table they jump through, and what happens when
 * the library is loaded and when the process forks.
 *
 * Before the choice, the table holds functions that choose a backend and then make the call again.
 * After it, the table holds the chosen instance's functions and is read-only. So no public function
 * has to check whether there was a choice.
 */

#include "zmalloc.h"
#include "accounting.h"
#include "base.h"
#include "choice.h"
#include "choice_lock.h"
#include "config.h"
#include "instance.h"
#include "limit.h"
#include "os/process.h"
#include "os/streams.h"
#include "ours.h"
#include "out_of_memory.h"
#include "preload.h"
#include "sealed.h"
#include "stats/stats.h"
#include "window.h"
#include "zone.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#if defined(__s390x__)
#define CACHE_LINE 256
#elif defined(__APPLE__) || defined(__powerpc__)
#define CACHE_LINE 128
#else
#define CACHE_LINE 64
#endif

/* Whole pages of its own, for mprotect. */
union __attribute__((aligned(ZM_LARGEST_PAGE))) table {
    struct zm_entries entries;
    char pages[ZM_LARGEST_PAGE];
};

static union table table;

#define ENTRY(name) ZM_ENTRY(table.entries.name)

/* ---- The first contents: choose, then go on ---- */

static ZM_COLD void choose(void);

#define CHOOSE_VALUE(type, name, parameters, arguments)                                            \
    static type choose_##name parameters                                                           \
    {                                                                                              \
        choose();                                                                                  \
        return ENTRY(name) arguments;                                                              \
    }
#define CHOOSE_VOID(name, parameters, arguments)                                                   \
    static void choose_##name parameters                                                           \
    {                                                                                              \
        choose();                                                                                  \
        ENTRY(name) arguments;                                                                     \
    }
ZM_ENTRIES(CHOOSE_VALUE, CHOOSE_VOID)

#define FIRST_VALUE(type, name, parameters, arguments) .name = choose_##name,
#define FIRST_VOID(name, parameters, arguments) .name = choose_##name,
static union table table = {.entries = {ZM_ENTRIES(FIRST_VALUE, FIRST_VOID)}};

/* ---- The seal ---- */

#define FILL_VALUE(type, name, parameters, arguments)                                              \
    __atomic_store_n(&table.entries.name, instance->entries.name, __ATOMIC_RELEASE);
#define FILL_VOID(name, parameters, arguments)                                                     \
    __atomic_store_n(&table.entries.name, instance->entries.name, __ATOMIC_RELEASE);

static void fill(const struct zm_instance *instance)
{
    ZM_ENTRIES(FILL_VALUE, FILL_VOID)
}

/* Under the lock, so that no thread writes after another has made the page read-only. True for the
 * one that did. */
static bool seal_once(const struct zm_instance *instance)
{
    static bool is_sealed;
    bool was_sealed;

    zm_choice_lock();
    was_sealed = is_sealed;
    if (!was_sealed) {
        zm_limit_may_purge(zmalloc_purge);
        zm_limit_start();
        fill(instance);
        zm_seal(&table, sizeof table);
        is_sealed = true;
    }
    zm_choice_unlock();
    return !was_sealed;
}

static void seal(const struct zm_instance *instance)
{
    if (!seal_once(instance))
        return;
    /* An allocator may have registered its handlers when it was opened; these are to run before. */
    zm_streams_watch_fork();
    zm_window_show_choice();
}

/* Keeps errno for zfree(NULL), which may be the first call of all. */
static ZM_COLD void choose(void)
{
    int saved_errno = errno;

    seal(zm_choose());
    errno = saved_errno;
}

int zmalloc_init(const char *spec)
{
    int error = zm_init(spec);
    const struct zm_instance *instance = zm_chosen();

    if (instance != NULL)
        seal(instance);
    return zm_result(error);
}

/* ---- The public functions of the table ---- */

#define PUBLIC_VALUE(type, name, parameters, arguments)                                            \
    type name parameters                                                                           \
    {                                                                                              \
        return ENTRY(name) arguments;                                                              \
    }
#define PUBLIC_VOID(name, parameters, arguments)                                                   \
    void name parameters                                                                           \
    {                                                                                              \
        ENTRY(name) arguments;                                                                     \
    }
ZM_ENTRIES(PUBLIC_VALUE, PUBLIC_VOID)

/* ---- The public functions over them ---- */

/* False if the product does not fit. */
static bool multiply(size_t num, size_t size, size_t *product)
{
    return !__builtin_mul_overflow(num, size, product);
}

void *zcalloc_num(size_t num, size_t size)
{
    size_t product;

    if (!multiply(num, size, &product))
        return zm_out_of_memory(SIZE_MAX, 0);
    return zcalloc(product);
}

void *ztrycalloc_num(size_t num, size_t size)
{
    size_t product;

    if (!multiply(num, size, &product)) {
        errno = ENOMEM;
        return NULL;
    }
    return ztrycalloc(product);
}

/* Too large a size would make ztryrealloc() free the block, so refuse it here. */
void *ztryreallocarray(void *ptr, size_t num, size_t size)
{
    size_t product;

    if (!multiply(num, size, &product) || product >= ZM_SIZE_LIMIT) {
        errno = ENOMEM;
        return NULL;
    }
    return ztryrealloc(ptr, product);
}

void *zreallocarray(void *ptr, size_t num, size_t size)
{
    size_t product;

    if (!multiply(num, size, &product))
        return zm_out_of_memory(SIZE_MAX, 0);
    if (product >= ZM_SIZE_LIMIT)
        return zm_out_of_memory(product, 0);
    return zrealloc(ptr, product);
}

void *zmalloc_cache_aligned(size_t size)
{
    return zmalloc_aligned(CACHE_LINE, size);
}

void *ztrymalloc_cache_aligned(size_t size)
{
    return ztrymalloc_aligned(CACHE_LINE, size);
}

static char *copy_into(void *block, const char *string, size_t size)
{
    return block != NULL ? memcpy(block, string, size) : NULL;
}

char *zstrdup(const char *string)
{
    size_t size = strlen(string) + 1;

    return copy_into(zmalloc(size), string, size);
}

char *ztrystrdup(const char *string)
{
    size_t size = strlen(string) + 1;

    return copy_into(ztrymalloc(size), string, size);
}

void *extend_to_usable(void *ptr, size_t size)
{
    (void)size;
    return ptr;
}

void zmalloc_enable_thread_safeness(void)
{
}

size_t zmalloc_get_rss(void)
{
    size_t bytes;

    return zm_rss(&bytes) ? bytes : zmalloc_used_memory();
}

float zmalloc_get_fragmentation_ratio(size_t rss)
{
    size_t used = zmalloc_used_memory();

    return used > 0 ? (float)rss / (float)used : 0.0f;
}

void zmadvise_dontneed(void *ptr)
{
    zmadvise_dontneed_range(ptr, zmalloc_usable_size(ptr));
}

/* ---- When the library is loaded, and when the process forks ---- */

static void after_fork_in_child(void)
{
    zm_accounting_in_child();
    zm_limit_in_child();
    zm_zone_in_child();
    zm_choice_after_fork_in_child();
}

/* Once: the preload library may need it before the constructor has run. */
static void load(void)
{
    static bool is_loaded;

    if (__atomic_exchange_n(&is_loaded, true, __ATOMIC_ACQ_REL))
        return;
    zm_window_open();
    zm_limit_load();
    zm_stats_exit_prepare();
    if (zm_choice_load())
        choose();
}

/*
 * Before the constructors of the program. Its fork handlers are then registered after ours, so the
 * ones that run before the fork run before ours, and the ones after it after ours: without the
 * locks.
 */
__attribute__((constructor(103))) static void construct(void)
{
    pthread_atfork(zm_choice_before_fork, zm_choice_after_fork, after_fork_in_child);
    load();
}

#ifndef ZM_ARCHIVE
const struct zm_instance *zm_preload_instance(void)
{
    zm_ours_add(__builtin_return_address(0));
    load();
    choose();
    return zm_chosen();
}
#endif

/* ---- The version in the file ---- */

#ifdef __ELF__

/* So that even a stripped program shows which version it has inside. Every program has this file.
 * */
static const struct {
    uint32_t owner_size;
    uint32_t text_size;
    uint32_t type;
    char owner[sizeof "zmalloc"];
    char text[(sizeof ZM_VERSION + 3) / 4 * 4]; /* notes are made of words */
} version_note __attribute__((section(".note.zmalloc"), aligned(4), used)) = {
    .owner_size = sizeof "zmalloc",
    .text_size = sizeof ZM_VERSION,
    .type = 1,
    .owner = "zmalloc",
    .text = ZM_VERSION,
};

#endif
