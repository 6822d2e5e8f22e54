/* SPDX-License-Identifier: BSD-3-Clause */

/* Every function that is in both Redis 7's and Valkey 9's zmalloc.h, with its type: F(result, name,
 * parameters). If theirs is a macro, the type is what calls of it amount to. */

#include "pointers.h"

/* clang-format off */
#define COMPAT_FUNCTIONS(F)                                                                        \
    F(void *, zmalloc, (size_t))                                                                   \
    F(void *, zcalloc, (size_t))                                                                   \
    F(void *, zcalloc_num, (size_t, size_t))                                                       \
    F(void *, zrealloc, (void *, size_t))                                                          \
    F(void *, ztrymalloc, (size_t))                                                                \
    F(void *, ztrycalloc, (size_t))                                                                \
    F(void *, ztryrealloc, (void *, size_t))                                                       \
    F(void, zfree, (void *))                                                                       \
    F(void *, zmalloc_usable, (size_t, size_t *))                                                  \
    F(void *, zcalloc_usable, (size_t, size_t *))                                                  \
    F(void *, zrealloc_usable, (void *, size_t, size_t *))                                         \
    F(void *, ztrymalloc_usable, (size_t, size_t *))                                               \
    F(void *, ztrycalloc_usable, (size_t, size_t *))                                               \
    F(void *, ztryrealloc_usable, (void *, size_t, size_t *))                                      \
    F(char *, zstrdup, (const char *))                                                             \
    F(size_t, zmalloc_used_memory, (void))                                                         \
    F(void, zmalloc_set_oom_handler, (void (*)(size_t)))                                           \
    F(size_t, zmalloc_get_rss, (void))                                                             \
    F(void, set_jemalloc_bg_thread, (int))                                                         \
    F(int, jemalloc_purge, (void))                                                                 \
    F(size_t, zmalloc_get_private_dirty, (long))                                                   \
    F(size_t, zmalloc_get_smap_bytes_by_field, (char *, long))                                     \
    F(size_t, zmalloc_get_memory_size, (void))                                                     \
    F(void, zlibc_free, (void *))                                                                  \
    F(size_t, zmalloc_size, (const void *))                                                        \
    F(size_t, zmalloc_usable_size, (const void *))                                                 \
    F(void *, extend_to_usable, (void *, size_t))                                                  \
    F(int, get_proc_stat_ll, (int, long long *))                                                   \
    F(int, je_mallctl, (const char *, void *, size_t *, void *, size_t))                           \
    F(size_t, je_nallocx, (size_t, int))                                                           \
    F(void, je_malloc_stats_print, (void (*)(void *, const char *), void *, const char *))
/* clang-format on */
