/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_INSTANCE_H
#define ZM_INSTANCE_H

/* The core compiled for one backend. */

#include "base.h"

/*
 * The functions that an instance provides. This one list makes the table that zmalloc.c jumps
 * through, its first contents, the public functions, and each instance (core.h). Those that get a block
 * are a list of their own, because there are others of them while blocks may be sampled (sampling.h).
 *
 * VALUE(result type, name, parameters, arguments), VOID(name, parameters, arguments)
 */
/* clang-format off */
#define ZM_ALLOCATING_ENTRIES(VALUE, VOID)                                                         \
    VALUE(void *, zmalloc, (size_t size), (size))                                                  \
    VALUE(void *, zcalloc, (size_t size), (size))                                                  \
    VALUE(void *, ztrymalloc, (size_t size), (size))                                               \
    VALUE(void *, ztrycalloc, (size_t size), (size))                                               \
    VALUE(void *, zmalloc_usable, (size_t size, size_t *usable), (size, usable))                   \
    VALUE(void *, zcalloc_usable, (size_t size, size_t *usable), (size, usable))                   \
    VALUE(void *, ztrymalloc_usable, (size_t size, size_t *usable), (size, usable))                \
    VALUE(void *, ztrycalloc_usable, (size_t size, size_t *usable), (size, usable))                \
    VALUE(void *, zmalloc_aligned, (size_t alignment, size_t size), (alignment, size))             \
    VALUE(void *, ztrymalloc_aligned, (size_t alignment, size_t size), (alignment, size))          \
    VALUE(void *, zmalloc_no_tcache, (size_t size), (size))                                        \
    VALUE(void *, ztrymalloc_no_tcache, (size_t size), (size))
#define ZM_RESIZING_ENTRIES(VALUE)                                                                 \
    VALUE(void *, zrealloc, (void *ptr, size_t size), (ptr, size))                                 \
    VALUE(void *, ztryrealloc, (void *ptr, size_t size), (ptr, size))                              \
    VALUE(void *, zrealloc_usable, (void *ptr, size_t size, size_t *usable), (ptr, size, usable))  \
    VALUE(void *, ztryrealloc_usable, (void *ptr, size_t size, size_t *usable),                    \
          (ptr, size, usable))
#define ZM_BLOCK_ENTRIES(VALUE, VOID)                                                              \
    VALUE(size_t, zmalloc_size, (const void *ptr), (ptr))                                          \
    VALUE(size_t, zmalloc_usable_size, (const void *ptr), (ptr))                                   \
    VOID(zfree, (void *ptr), (ptr))                                                                \
    VOID(zfree_usable, (void *ptr, size_t *usable), (ptr, usable))                                 \
    VOID(zfree_with_size, (void *ptr, size_t size), (ptr, size))                                   \
    VOID(zfree_no_tcache, (void *ptr), (ptr))
#define ZM_ENTRIES(VALUE, VOID)                                                                    \
    ZM_ALLOCATING_ENTRIES(VALUE, VOID)                                                             \
    ZM_RESIZING_ENTRIES(VALUE)                                                                     \
    ZM_BLOCK_ENTRIES(VALUE, VOID)
/* clang-format on */

#define ZM_VALUE_POINTER(type, name, parameters, arguments) type(*name) parameters;
#define ZM_VOID_POINTER(name, parameters, arguments) void(*name) parameters;

struct zm_entries {
    ZM_ENTRIES(ZM_VALUE_POINTER, ZM_VOID_POINTER)
};

struct zm_instance {
    const char *build; /* ZM_BUILD of the zmalloc that it was compiled with */
    const struct zmalloc_backend *backend;
    struct zm_entries entries;
    struct zm_entries sampled; /* instead, while blocks may be sampled */
    struct zm_entries guarded; /* instead, while some of them may be guarded */
};

/* The instance for a table that is only known at run time (generic_instance.c). There is one; the
 * last call decides. A layer's table is called with size 0 if the program asks for it; see layer.h.
 * */
const struct zm_instance *zm_generic_instance(const struct zmalloc_backend *backend, bool is_layer);

#endif
