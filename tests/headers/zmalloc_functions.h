/* SPDX-License-Identifier: BSD-3-Clause */

/* Every function of zmalloc.h with its type, F(result, name, parameters), and those of
 * zmalloc_backend.h, zmalloc_fail.h, zmalloc_sample.h and zmalloc_adapters.h. Included after the header under test. */

#include "pointers.h"

/* clang-format off */
#define ZMALLOC_FUNCTIONS(F)                                                                       \
    F(void *, zmalloc, (size_t))                                                                   \
    F(void *, zcalloc, (size_t))                                                                   \
    F(void *, zcalloc_num, (size_t, size_t))                                                       \
    F(void *, zrealloc, (void *, size_t))                                                          \
    F(void *, ztrymalloc, (size_t))                                                                \
    F(void *, ztrycalloc, (size_t))                                                                \
    F(void *, ztrycalloc_num, (size_t, size_t))                                                    \
    F(void *, ztryrealloc, (void *, size_t))                                                       \
    F(void *, zreallocarray, (void *, size_t, size_t))                                             \
    F(void *, ztryreallocarray, (void *, size_t, size_t))                                          \
    F(void *, zmalloc_usable, (size_t, size_t *))                                                  \
    F(void *, zcalloc_usable, (size_t, size_t *))                                                  \
    F(void *, zrealloc_usable, (void *, size_t, size_t *))                                         \
    F(void *, ztrymalloc_usable, (size_t, size_t *))                                               \
    F(void *, ztrycalloc_usable, (size_t, size_t *))                                               \
    F(void *, ztryrealloc_usable, (void *, size_t, size_t *))                                      \
    F(void *, zmalloc_aligned, (size_t, size_t))                                                   \
    F(void *, ztrymalloc_aligned, (size_t, size_t))                                                \
    F(void *, zmalloc_cache_aligned, (size_t))                                                     \
    F(void *, ztrymalloc_cache_aligned, (size_t))                                                  \
    F(char *, zstrdup, (const char *))                                                             \
    F(char *, ztrystrdup, (const char *))                                                          \
    F(void, zfree, (void *))                                                                       \
    F(void, zfree_usable, (void *, size_t *))                                                      \
    F(void, zfree_with_size, (void *, size_t))                                                     \
    F(void *, zmalloc_no_tcache, (size_t))                                                         \
    F(void *, ztrymalloc_no_tcache, (size_t))                                                      \
    F(void, zfree_no_tcache, (void *))                                                             \
    F(int, zmalloc_get_fragmentation, (size_t *))                                                  \
    F(int, zmalloc_worth_moving, (const void *))                                                   \
    F(size_t, zmalloc_size, (const void *))                                                        \
    F(size_t, zmalloc_usable_size, (const void *))                                                 \
    F(void *, extend_to_usable, (void *, size_t))                                                  \
    F(void, zmalloc_set_oom_handler, (void (*)(size_t)))                                           \
    F(size_t, zmalloc_used_memory, (void))                                                         \
    F(size_t, zmalloc_peak_memory, (void))                                                         \
    F(void, zmalloc_reset_peak, (void))                                                            \
    F(int, zmalloc_peak_begin, (void))                                                             \
    F(int, zmalloc_peak_begin_thread, (void))                                                      \
    F(size_t, zmalloc_peak_end, (int))                                                             \
    F(int, zmalloc_set_limit, (size_t))                                                            \
    F(size_t, zmalloc_get_limit, (void))                                                           \
    F(int, zmalloc_set_soft_limit, (size_t))                                                       \
    F(size_t, zmalloc_get_soft_limit, (void))                                                      \
    F(void, zmalloc_limit_rss, (int))                                                              \
    F(int, zmalloc_pressure, (void))                                                               \
    F(int, zmalloc_pressure_fd, (void))                                                            \
    F(size_t, zmalloc_external, (ptrdiff_t))                                                       \
    F(int, zmalloc_init, (const char *))                                                           \
    F(const char *, zmalloc_backend_name, (void))                                                  \
    F(const char *, zmalloc_backend_version, (void))                                               \
    F(const char *, zmalloc_backend_origin, (void))                                                \
    F(size_t, zmalloc_backend_prefix_size, (void))                                                 \
    F(const char *, zmalloc_lib, (void))                                                           \
    F(int, zmalloc_get_backend_info, (size_t, struct zmalloc_backend_info *))                          \
    F(int, zmalloc_get_allocator_info, (size_t *, size_t *, size_t *, size_t *, size_t *))         \
    F(int, zmalloc_purge, (void))                                                                  \
    F(int, zmalloc_thread_idle, (void))                                                            \
    F(int, zmalloc_set_background_thread, (int))                                                   \
    F(size_t, zmalloc_good_size, (size_t))                                                         \
    F(int, zmalloc_stats_print, (void (*)(void *, const char *), void *))                          \
    F(int, zmalloc_backend_ctl, (const char *, void *, size_t *, const void *, size_t))            \
    F(int, zmalloc_stats_json, (char *, size_t))                                                   \
    F(int, zmalloc_stats_text, (char *, size_t))                                                   \
    F(int, zmalloc_stats_prometheus, (char *, size_t))                                             \
    F(int, zmalloc_stats_in_handler, (const char *, char *, size_t))                               \
    F(int, zmalloc_get_proc_stat, (int, long long *))                                              \
    F(size_t, zmalloc_get_rss, (void))                                                             \
    F(size_t, zmalloc_get_private_dirty, (long))                                                   \
    F(size_t, zmalloc_get_smap_bytes_by_field, (const char *, long))                               \
    F(size_t, zmalloc_get_memory_size, (void))                                                     \
    F(size_t, zmalloc_get_memory_limit, (void))                                                    \
    F(size_t, zmalloc_get_memory_high, (void))                                                     \
    F(float, zmalloc_get_fragmentation_ratio, (size_t))                                            \
    F(void, zlibc_free, (void *))                                                                  \
    F(void, zlibc_trim, (void))                                                                    \
    F(void, zmadvise_dontneed, (void *))                                                           \
    F(void, zmadvise_dontneed_range, (void *, size_t))                                             \
    F(void, zmalloc_enable_thread_safeness, (void))

#define ZMALLOC_BACKEND_FUNCTIONS(F)                                                               \
    F(int, zmalloc_register_backend, (const struct zmalloc_backend *))                             \
    F(const struct zmalloc_backend *, zmalloc_backend_table, (const char *))

#define ZMALLOC_ZONE_FUNCTIONS(F)                                                                  \
    F(struct zmalloc_zone *, zmalloc_zone_create, (const char *, struct zmalloc_zone *))           \
    F(int, zmalloc_zone_destroy, (struct zmalloc_zone *, size_t *))                                \
    F(struct zmalloc_zone *, zmalloc_zone_next, (const struct zmalloc_zone *))                     \
    F(const char *, zmalloc_zone_name, (const struct zmalloc_zone *))                              \
    F(struct zmalloc_zone *, zmalloc_zone_parent, (const struct zmalloc_zone *))                   \
    F(size_t, zmalloc_zone_used, (const struct zmalloc_zone *))                                    \
    F(size_t, zmalloc_zone_peak, (struct zmalloc_zone *))                                          \
    F(void, zmalloc_zone_reset_peak, (struct zmalloc_zone *))                                      \
    F(int, zmalloc_zone_set_limit, (struct zmalloc_zone *, size_t))                                \
    F(size_t, zmalloc_zone_get_limit, (const struct zmalloc_zone *))                               \
    F(void, zfree_in, (struct zmalloc_zone *, void *))                                             \
    F(void *, zmalloc_in, (struct zmalloc_zone *, size_t))                                         \
    F(void *, zcalloc_in, (struct zmalloc_zone *, size_t))                                         \
    F(void *, zrealloc_in, (struct zmalloc_zone *, void *, size_t))                                \
    F(void *, zmalloc_aligned_in, (struct zmalloc_zone *, size_t, size_t))                         \
    F(void *, zmalloc_usable_in, (struct zmalloc_zone *, size_t, size_t *))                        \
    F(void *, ztrymalloc_in, (struct zmalloc_zone *, size_t))                                      \
    F(void *, ztrycalloc_in, (struct zmalloc_zone *, size_t))                                      \
    F(void *, ztryrealloc_in, (struct zmalloc_zone *, void *, size_t))                             \
    F(void *, ztrymalloc_aligned_in, (struct zmalloc_zone *, size_t, size_t))                      \
    F(void *, ztrymalloc_usable_in, (struct zmalloc_zone *, size_t, size_t *))
#define ZMALLOC_FAIL_FUNCTIONS(F)                                                                  \
    F(int, zmalloc_fail, (const char *))                                                           \
    F(size_t, zmalloc_fail_requests, (void))                                                       \
    F(size_t, zmalloc_fail_failures, (void))
#define ZMALLOC_SAMPLE_FUNCTIONS(F)                                                                \
    F(int, zmalloc_sample_start, (size_t))                                                         \
    F(int, zmalloc_sample_stop, (void))                                                            \
    F(int, zmalloc_sample_dump, (int))                                                             \
    F(size_t, zmalloc_sample_dropped, (void))

/* Those that ZMALLOC_ADAPTERS_IN() defines once more, and the others. */
#define ZMALLOC_ADAPTERS_FUNCTIONS(F, prefix)                                                      \
    F(void *, prefix##_plain_malloc, (size_t))                                                     \
    F(void *, prefix##_plain_calloc, (size_t, size_t))                                             \
    F(void *, prefix##_plain_realloc, (void *, size_t))                                            \
    F(void, prefix##_plain_free, (void *))                                                         \
    F(char *, prefix##_plain_strdup, (const char *))                                               \
    F(void *, prefix##_openssl_malloc, (size_t, const char *, int))                                \
    F(void *, prefix##_openssl_realloc, (void *, size_t, const char *, int))                       \
    F(void, prefix##_openssl_free, (void *, const char *, int))                                    \
    F(void *, prefix##_sqlite_malloc, (int))                                                       \
    F(void *, prefix##_sqlite_realloc, (void *, int))                                              \
    F(void, prefix##_sqlite_free, (void *))

#define ZMALLOC_OPAQUE_ADAPTERS_FUNCTIONS(F)                                                       \
    F(int, zmalloc_sqlite_size, (void *))                                                          \
    F(int, zmalloc_sqlite_roundup, (int))                                                          \
    F(int, zmalloc_sqlite_init, (void *))                                                          \
    F(void, zmalloc_sqlite_shutdown, (void *))                                                     \
    F(void *, zmalloc_zlib_alloc, (void *, unsigned, unsigned))                                    \
    F(void, zmalloc_zlib_free, (void *, void *))                                                   \
    F(void *, zmalloc_lua_alloc, (void *, void *, size_t, size_t))                                 \
    F(void *, zmalloc_pcre2_malloc, (size_t, void *))                                              \
    F(void, zmalloc_pcre2_free, (void *, void *))
/* clang-format on */
