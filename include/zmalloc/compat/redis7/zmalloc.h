/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_COMPAT_REDIS7_ZMALLOC_H
#define ZMALLOC_COMPAT_REDIS7_ZMALLOC_H

/*
 * Replaces the zmalloc.h of Redis 7.0: remove Redis's zmalloc.h and zmalloc.c, and compile with the
 * flags of pkg-config zmalloc-redis7. See docs/porting.md.
 */

#ifdef __ZMALLOC_H
#error "Redis's own zmalloc.h came first: remove it, or put this one before it"
#endif
/* Redis's own guard: if its header is found later, it is empty. */
#define __ZMALLOC_H

#include "../zmalloc_compat.h"

/* Redis's header includes it. */
#ifdef __linux__
#include <malloc.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Active defragmentation, with jemalloc as it is. With another backend, and with the layers debug and fail, no block
 * is worth moving: leave activedefrag off there, because Redis would still look for some. libzmalloc-redis7.a has the
 * function, which Redis's defrag.c declares itself.
 */
#define HAVE_DEFRAG
int je_get_defrag_hint(void *ptr);

/* Returns 1 always, as in Redis. A figure is 0 if the allocator does not know it. Redis asks before it
 * looks for blocks to move, so what they are compared with is refreshed, too. Does not keep errno. */
static inline int zmalloc_redis7_get_allocator_info(size_t *allocated, size_t *active,
                                                    size_t *resident)
{
    zmalloc_get_fragmentation(NULL);
    zmalloc_get_allocator_info(allocated, active, resident, NULL, NULL);
    return 1;
}
#undef zmalloc_get_allocator_info
#define zmalloc_get_allocator_info zmalloc_redis7_get_allocator_info

/* The self-test that `redis-server test zmalloc` runs in a build with REDIS_TEST. Returns 0 if all
 * is well, else 1. */
#ifdef REDIS_TEST
static inline int zmalloc_test(int argc, char **argv, int flags)
{
    size_t used = zmalloc_used_memory();
    void *ptr = zmalloc(123);
    size_t allocated = zmalloc_used_memory() - used;
    int failed = allocated != zmalloc_size(ptr);

    (void)argc;
    (void)argv;
    (void)flags;
    ptr = zrealloc(ptr, 456);
    allocated = zmalloc_used_memory() - used;
    failed |= allocated != zmalloc_size(ptr) || zmalloc_usable_size(ptr) < 456;
    zfree(ptr);
    return failed | (zmalloc_used_memory() != used);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
