/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_BACKEND_H
#define ZMALLOC_BACKEND_H

/*
 * For authors of backends. A backend is one table of operations. It reports sizes and has no
 * policy: NULL, size 0, sizes too large, overflow, errno, out of memory and accounting are decided
 * above it, once for all backends.
 *
 * There are three ways to add one:
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
 * Changes when older tables can no longer be used, because a member changed its place or meaning.
 * New members come at the end and do not change it, see struct_size.
 */
#define ZMALLOC_BACKEND_ABI 1

/*
 * The core promises: size is never 0, and prefix_size + size is always less than SIZE_MAX/2; ptr is
 * never NULL and always came from this backend; alignment is a power of two and at least 16, and
 * prefix_size + alignment + size is less than SIZE_MAX/2; pointers to results are never NULL; it
 * calls nothing before start has returned 0.
 *
 * The backend promises: any thread may call any operation, also in a forked child; a block of 16
 * bytes or more is aligned to 16, a smaller one for any type that fits in it; every byte of the
 * usable size may be written; the usable size of a block does not change until the block is
 * reallocated or freed; an operation that returns NULL has changed nothing, not even its results.
 * All but usable_size may change errno.
 */
struct zmalloc_backend {
    /*
     * sizeof(struct zmalloc_backend) in the author's header. Optional members beyond it count as
     * NULL; the library ignores members that it does not know.
     */
    size_t struct_size;

    uint32_t abi_version; /* ZMALLOC_BACKEND_ABI */

    /* [a-z0-9_-], at most 31 characters. */
    const char *name;

    /* Bytes that the backend keeps before each block, counted as used. At most 4096. A prefix of up to
     * 16 bytes must not change while the block lives: the layer debug checks it. */
    size_t prefix_size;

    /*
     * Whether free, free_sized, release and free_no_tcache leave errno alone. If not, the core saves
     * and restores it, which costs a little.
     */
    uint32_t free_keeps_errno;

    /* ---- Mandatory ---- */

    /*
     * A block of at least size bytes. *usable becomes its usable size, or 0 if only usable_size
     * knows it; then the core asks if it needs to. NULL: no memory.
     */
    void *(*alloc)(size_t size, size_t *usable);

    /* The same, with all usable bytes zero. */
    void *(*calloc)(size_t size, size_t *usable);

    /* Resizes the block, and moves it if necessary. *old_usable becomes the usable size it had,
     * *usable the one it has now; neither is 0. NULL: ptr is unchanged. The result need not keep
     * the alignment of aligned_alloc. */
    void *(*realloc)(void *ptr, size_t size, size_t *old_usable, size_t *usable);

    /* A block whose address is a multiple of alignment; *usable is never 0. free and realloc accept
     * it like any other block. */
    void *(*aligned_alloc)(size_t alignment, size_t size, size_t *usable);

    /* Frees a block of any of the four above. Returns the usable size that it had. */
    size_t (*free)(void *ptr);

    /* The same for a caller that knows the size: the one it asked for, the usable size, or anything
     * between. It is 0 if 0 was asked for, and the block may be one of aligned_alloc's. */
    size_t (*free_sized)(void *ptr, size_t size);

    /* The usable size of a live block. Changes nothing, errno included. */
    size_t (*usable_size)(const void *ptr);

    /* ---- Optional: the brackets say what NULL means ---- */

    /*
     * Called once, before anything else, by the thread that makes the choice. Returns 0, or an
     * errno value and, if it likes, a static text in *why that says more. [nothing to start]
     */
    int (*start)(const char **why);

    /*
     * Frees a block whose usable size the core has just asked for, so the backend need not look it
     * up or check it again. Keeps errno if free does. If there is a release, free_sized is never
     * called, and free only when a thread begins or ends. [the core calls free and free_sized]
     */
    void (*release)(void *ptr);

    /* A version that lives as long as the process; the first word of it is the number. [unknown] */
    const char *(*version)(void);

    /*
     * For an allocator that counts by itself: *allocated and *freed point to all that the calling
     * thread has ever allocated and freed by any operation, in bytes of usable size plus
     * prefix_size for each block. The counters are aligned, only that thread writes them, and they
     * are valid until it is gone, key destructors included. Reallocation must add before it
     * subtracts. Returns 0, or
     * -1: the core counts for this thread. Used on 64-bit machines only. [the core counts]
     */
    int (*thread_counters)(const uint64_t **allocated, const uint64_t **freed);

    /* See zmalloc_get_allocator_info. Sets the figures that the allocator knows, even if they are
     * 0, and leaves the others alone. A figure that may be wrong is unknown. [all unknown] */
    void (*allocator_info)(size_t *allocated, size_t *active, size_t *resident, size_t *retained,
                           size_t *muzzy);

    /* Returns unused memory to the system. Returns 0; EBUSY if it has done so but other threads may
     * keep any amount that it cannot reach; or another errno value. [ENOTSUP] */
    int (*purge)(void);

    /* See zmalloc_set_background_thread. Returns 0 or an errno value. [ENOTSUP] */
    int (*background_thread)(int enable);

    /* The usable size that alloc(size) would report, without allocating; 0 if that is not certain.
     * [never certain] */
    size_t (*good_size)(size_t size);

    /* Describes the state of the allocator, for people; write_cb is never NULL and may allocate.
     * Returns 0; or an errno value, if it has written nothing. [ENOTSUP] */
    int (*stats_print)(void (*write_cb)(void *opaque, const char *text), void *opaque);

    /* See zmalloc_backend_ctl. Returns 0 or an errno value. [ENOTSUP] */
    int (*ctl)(const char *name, void *oldp, size_t *oldlenp, const void *newp, size_t newlen);

    /* See zmalloc_thread_idle. Returns 0 or an errno value. [ENOTSUP] */
    int (*thread_idle)(void);

    /* alloc and free past the thread's cache, both or none; blocks of either kind may be freed either
     * way. [there is no such way: the core calls alloc and free] */
    void *(*alloc_no_tcache)(size_t size, size_t *usable);
    size_t (*free_no_tcache)(void *ptr);

    /* See zmalloc_get_fragmentation; bytes is never NULL. Returns 0 or an errno value. [ENOTSUP] */
    int (*fragmentation)(size_t *bytes);

    /* See zmalloc_worth_moving; ptr is a block in use, never NULL. Returns 1 or 0, or -1 if that is not known.
     * [ENOTSUP] */
    int (*worth_moving)(const void *ptr);
};

/* What a module defines. */
ZMALLOC_API extern const struct zmalloc_backend zmalloc_backend_module;

/*
 * Registers a backend of the program under its name. The library copies the table, so later changes
 * to it have no effect. Its functions must exist for the life of the process. Returns 0, or -1 with
 * errno
 *   EINVAL   the table lacks a mandatory operation, has one of a pair alone, or struct_size, name
 *            or prefix_size break the rules above,
 *   ENOTSUP  another abi_version,
 *   EEXIST   the name is known already,
 *   ENOSPC   eight foreign backends are known already.
 */
ZMALLOC_API int zmalloc_register_backend(const struct zmalloc_backend *backend)
    ZMALLOC_SYMBOL(zmalloc_register_backend) ZMALLOC_ATTRIBUTE(nonnull(1));

/*
 * The table of another backend, for a backend that forwards to it. Loads its module if it is one,
 * and starts nothing: call its start, if it has one, from yours. It lives as long as the process.
 * Returns
 * NULL with errno as zmalloc_init sets it. Its struct_size is the library's, which may be of
 * another version than your header: do not look at members beyond it, and copy it with
 * zmalloc_backend_copy().
 */
ZMALLOC_API const struct zmalloc_backend *zmalloc_backend_table(const char *name)
    ZMALLOC_SYMBOL(zmalloc_backend_table) ZMALLOC_ATTRIBUTE(nonnull(1));

/*
 * Copies the members that both versions have; the others become NULL. Whoever replaces alloc or free in the copy
 * replaces release, alloc_no_tcache and free_no_tcache as well, or makes them NULL; and worth_moving, if blocks do not
 * begin where those below do.
 */
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
