/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_BACKEND_H
#define ZMALLOC_BACKEND_H

/*
 * For authors of backends. A backend is one table of operations. It reports sizes and keeps no
 * policy: NULL, size 0, sizes too large, overflow, errno, out of memory and accounting are decided
 * above it, once for all backends.
 *
 * There are three ways in:
 * - in the tree: a file in backends/, a row in backends/meson.build, a row in src/registry.c;
 * - a module of your own: a shared object libzmalloc-NAME.so, found as the dynamic linker finds
 *   libraries, that defines the symbol zmalloc_backend_module; ZMALLOC_BACKEND=NAME opens it;
 * - from the program: zmalloc_register_backend(), then zmalloc_init(NAME).
 */

#include <stdint.h>
#include <string.h>

#include "zmalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Changes when a table of before can no longer be used: when a member gets another place or
 * meaning. New members come at the end and change nothing, see struct_size.
 */
#define ZMALLOC_BACKEND_ABI 1

/*
 * What the core promises: size is never 0, and prefix_size + size always under SIZE_MAX/2; ptr is
 * never NULL and always came from this backend; alignment is a power of two of at least 16, and
 * prefix_size + alignment + size is under SIZE_MAX/2; the pointers to results are never NULL;
 * nothing is called before start has returned 0.
 *
 * What the backend promises: every operation may be called by any thread, and in a forked child; a
 * block of 16 bytes or more is aligned to 16, a smaller one for any type that fits; every byte of
 * the usable size may be written; the usable size of a block stays what was reported until the
 * block is reallocated or freed; where an operation returns NULL it has changed nothing, its
 * results included. All but usable_size may leave any errno behind.
 */
struct zmalloc_backend {
    /*
     * sizeof(struct zmalloc_backend), as the author's header has it. An optional member that ends
     * beyond it is absent, as NULL is; what a newer header has at its end is not looked at.
     */
    size_t struct_size;

    uint32_t abi_version; /* ZMALLOC_BACKEND_ABI */

    /* [a-z0-9_-], at most 31 characters. */
    const char *name;

    /* Bytes of a block's own that stand before it, counted as used. At most 4096. While the block
     * lives they stay as they are, up to 16 of them: the layer debug looks whether they do. */
    size_t prefix_size;

    /*
     * Whether free, free_sized and release leave errno alone. Where they may not, the core saves it
     * around them, which costs a little.
     */
    uint32_t free_keeps_errno;

    /* ---- Mandatory ---- */

    /*
     * A block of at least size bytes; *usable is how many it has, or 0 where usable_size had to be
     * asked for it: then the core does so if it wants to know. NULL: no memory.
     */
    void *(*alloc)(size_t size, size_t *usable);

    /* The same, with all usable bytes zero. */
    void *(*calloc)(size_t size, size_t *usable);

    /* Moves or resizes. *old_usable is the usable size it had, *usable the one it has: never 0.
     * NULL: ptr is as it was. The result need not keep an alignment that aligned_alloc gave. */
    void *(*realloc)(void *ptr, size_t size, size_t *old_usable, size_t *usable);

    /* A block whose address is a multiple of alignment; *usable is never 0. free and realloc take
     * it as any other. */
    void *(*aligned_alloc)(size_t alignment, size_t size, size_t *usable);

    /* The inverse of the four above. Returns the usable size that the block had. */
    size_t (*free)(void *ptr);

    /* The same for a caller who gives a size between the one asked for and the usable one. It is 0
     * where 0 was asked for, and the block may be one of aligned_alloc's. */
    size_t (*free_sized)(void *ptr, size_t size);

    /* The usable size of a live block. Changes nothing, errno included. */
    size_t (*usable_size)(const void *ptr);

    /* ---- Optional: NULL has the meaning in brackets ---- */

    /*
     * Called once, before all else, by the thread that makes the choice. Returns 0, or an errno
     * value; then *why may be set to a static text that tells more. [nothing to start]
     */
    int (*start)(const char **why);

    /*
     * Frees a block of which the core has just asked the usable size, so that it need be neither
     * looked up nor checked again. Keeps errno if free does. [free and
     * free_sized are called; with release free_sized is not, and free only where a thread begins
     * or ends]
     */
    void (*release)(void *ptr);

    /* A version that lives as long as the process; the first word of it is the number. [unknown] */
    const char *(*version)(void);

    /*
     * For an allocator that counts by itself: *allocated and *freed point to what the calling
     * thread has allocated and freed, in bytes of usable size with prefix_size for each block,
     * ever, by any operation; aligned, written by that thread alone, valid until it is gone, key
     * destructors included. Reallocation must add before it subtracts. Returns 0, or -1: the core
     * counts for this thread. Used on 64-bit machines only. [the core counts]
     */
    int (*thread_counters)(const uint64_t **allocated, const uint64_t **freed);

    /* See zmalloc_get_allocator_info. Sets what the allocator knows, also where that is 0, and
     * leaves the other results as they are. A figure that may be wrong is one that it does not know.
     * [knows nothing] */
    void (*allocator_info)(size_t *allocated, size_t *active, size_t *resident, size_t *retained,
                           size_t *muzzy);

    /* Gives unused memory back. Returns 0; EBUSY if it has done so, but other threads may keep more
     * of it without bound, which it cannot reach; or another errno value. [ENOTSUP] */
    int (*purge)(void);

    /* See zmalloc_set_background_thread. Returns 0 or an errno value. [ENOTSUP] */
    int (*background_thread)(int enable);

    /* The usable size that alloc(size) would report, without allocating; 0 where that is not
     * certain. [never certain] */
    size_t (*good_size)(size_t size);

    /* Describes the state of the allocator, for people; write_cb is never NULL and may allocate.
     * Returns 0 or an errno value, and then has written nothing. [ENOTSUP] */
    int (*stats_print)(void (*write_cb)(void *opaque, const char *text), void *opaque);

    /* See zmalloc_backend_ctl. Returns 0 or an errno value. [ENOTSUP] */
    int (*ctl)(const char *name, void *oldp, size_t *oldlenp, const void *newp, size_t newlen);

    /* See zmalloc_thread_idle. Returns 0 or an errno value. [ENOTSUP] */
    int (*thread_idle)(void);
};

/* What a module defines. */
ZMALLOC_API extern const struct zmalloc_backend zmalloc_backend_module;

/*
 * Makes a backend of the program's known by its name. The library copies the table: what is done to
 * it later changes nothing. Its functions must be there for the life of the process. Returns 0, or
 * -1 with errno
 *   EINVAL   the table lacks a mandatory operation, or struct_size, name or prefix_size break the
 *            rules above,
 *   ENOTSUP  another abi_version,
 *   EEXIST   the name is known already,
 *   ENOSPC   eight foreign backends are known already.
 */
ZMALLOC_API int zmalloc_register_backend(const struct zmalloc_backend *backend)
    ZMALLOC_SYMBOL(zmalloc_register_backend) ZMALLOC_ATTRIBUTE(nonnull(1));

/*
 * The table of a backend, for one that forwards to it: loads its module if it is one, and starts
 * nothing (call its start, if it has one, from yours). It lives as long as the process. NULL with
 * errno as zmalloc_init sets it. Its struct_size is the library's, which may be of another version
 * than your header: look at no member beyond it, and copy it with zmalloc_backend_copy().
 */
ZMALLOC_API const struct zmalloc_backend *zmalloc_backend_table(const char *name)
    ZMALLOC_SYMBOL(zmalloc_backend_table) ZMALLOC_ATTRIBUTE(nonnull(1));

/* Makes *copy what *table is, with the members that both have; the others are NULL. */
static inline void zmalloc_backend_copy(struct zmalloc_backend *copy,
                                        const struct zmalloc_backend *table)
{
    size_t size = table->struct_size;

    memset(copy, 0, sizeof *copy);
    memcpy(copy, table, size < sizeof *copy ? size : sizeof *copy);
    copy->struct_size = sizeof *copy;
}

#ifdef __cplusplus
}
#endif

#endif
