/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * When there is a backend. It is chosen in the first allocation of all, or when this library is
 * loaded, whichever comes first. From when a thread begins to choose until it has chosen, its blocks
 * come from the arena: looking for functions and opening modules allocate. So do those of code that
 * runs before the C library has an environment (.preinit_array), which says what to choose.
 */

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "build.h"
#include "choice.h"
#include "output.h"
#include "preload.h"
#include "table.h"

extern char **environ;

static const struct zm_instance *chosen;

/* ---- Choosing ---- */

#define OTHER_BUILD "zmalloc: libzmalloc-preload.so and libzmalloc.so are of different builds\n"

static void check_build(const struct zm_instance *instance)
{
    if (strcmp(instance->build, ZM_BUILD) == 0)
        return;
    zm_write_to_stderr(OTHER_BUILD, sizeof OTHER_BUILD - 1);
    _exit(ZM_EXIT_CONFIG);
}

#define FILL(member, function)                                                                     \
    __atomic_store_n(&zm_malloc_table.entries.member, function, __ATOMIC_RELEASE)

/* By the first thread that has chosen. Others see the entries before it or after it, and both do. */
static void fill(const struct zm_entries *entries)
{
    static bool is_sealed;

    if (__atomic_exchange_n(&is_sealed, true, __ATOMIC_ACQ_REL))
        return;
    FILL(malloc, entries->ztrymalloc);
    FILL(calloc, entries->ztrycalloc);
    FILL(realloc, entries->ztryrealloc);
    FILL(aligned, entries->ztrymalloc_aligned);
    FILL(usable_size, entries->zmalloc_usable_size);
    FILL(free, entries->zfree);
    zm_seal(&zm_malloc_table, sizeof zm_malloc_table);
}

static ZM_COLD void choose(void)
{
    int saved_errno = errno;
    const struct zm_instance *instance = zm_preload_instance();

    check_build(instance);
    __atomic_store_n(&chosen, instance, __ATOMIC_RELEASE);
    fill(&instance->entries);
    errno = saved_errno;
}

/* False while blocks have to come from the arena. */
static bool choose_if_possible(void)
{
    if (zm_is_choosing() || environ == NULL)
        return false;
    choose();
    return true;
}

/* ---- The first contents of the table ---- */

static void *from_arena(size_t alignment, size_t size)
{
    void *ptr = zm_arena_alloc(alignment, size);

    if (ptr == NULL)
        errno = ENOMEM;
    return ptr;
}

static void *early_malloc(size_t size)
{
    return choose_if_possible() ? chosen->entries.ztrymalloc(size) : from_arena(1, size);
}

static void *early_calloc(size_t size)
{
    return choose_if_possible() ? chosen->entries.ztrycalloc(size) : from_arena(1, size);
}

static void *early_aligned(size_t alignment, size_t size)
{
    return choose_if_possible() ? chosen->entries.ztrymalloc_aligned(alignment, size)
                                : from_arena(alignment, size);
}

/* The backend's blocks, from another thread that has chosen: there are no others outside of the
 * arena. */
static void *early_realloc(void *ptr, size_t size)
{
    return zm_preload_instance()->entries.ztryrealloc(ptr, size);
}

static void early_free(void *ptr)
{
    if (ptr != NULL)
        zm_preload_instance()->entries.zfree(ptr);
}

static size_t early_usable_size(const void *ptr)
{
    return zm_preload_instance()->entries.zmalloc_usable_size(ptr);
}

union zm_malloc_table zm_malloc_table = {
    .entries =
        {
            .malloc = early_malloc,
            .calloc = early_calloc,
            .realloc = early_realloc,
            .aligned = early_aligned,
            .free = early_free,
            .usable_size = early_usable_size,
        },
};

/* Before the constructors of what is linked with the program, as far as that can be said. */
__attribute__((constructor(101))) static void load(void)
{
    choose_if_possible();
}
