/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_JEMALLOC_API_H
#define ZM_JEMALLOC_API_H

/* What we call of the private jemalloc. Size queries are declared pure, so the compiler drops those
 * whose result is not used. */

#include <stdbool.h>
#include <stddef.h>

#define PRIVATE_COPY __attribute__((visibility("hidden")))
#define PRIVATE_COPY_PURE __attribute__((visibility("hidden"), pure))

void *zm_je_malloc(size_t size) PRIVATE_COPY;
void *zm_je_calloc(size_t num, size_t size) PRIVATE_COPY;
void *zm_je_realloc(void *ptr, size_t size) PRIVATE_COPY;
void *zm_je_aligned_alloc(size_t alignment, size_t size) PRIVATE_COPY;
void zm_je_free(void *ptr) PRIVATE_COPY;
size_t zm_je_malloc_usable_size(const void *ptr) PRIVATE_COPY_PURE;
/* jemalloc only reads what new points to. */
int zm_je_mallctl(const char *name, void *old, size_t *old_size, const void *new,
                  size_t new_size) PRIVATE_COPY;
size_t zm_je_nallocx(size_t size, int flags) PRIVATE_COPY;
void *zm_je_mallocx(size_t size, int flags) PRIVATE_COPY;
void zm_je_dallocx(void *ptr, int flags) PRIVATE_COPY;
void zm_je_malloc_stats_print(void (*write_cb)(void *opaque, const char *text), void *opaque,
                              const char *options) PRIVATE_COPY;
extern void (*zm_je_malloc_message)(void *opaque, const char *text) PRIVATE_COPY;
int zm_je_mallctlnametomib(const char *name, size_t *mib, size_t *length) PRIVATE_COPY;
int zm_je_mallctlbymib(const size_t *mib, size_t length, void *old, size_t *old_size,
                       const void *new, size_t new_size) PRIVATE_COPY;

#undef PRIVATE_COPY
#undef PRIVATE_COPY_PURE

/* As in jemalloc.h. */
#define JEMALLOC_NO_TCACHE 0x100 /* MALLOCX_TCACHE_NONE */
#define ALL_ARENAS "4096"        /* MALLCTL_ARENAS_ALL */

/* A name of mallctl as numbers, which is quicker to look up. The longest of ours has six parts. */
struct mib {
    size_t numbers[6];
    size_t length;
};

static inline bool find_mib(struct mib *mib, const char *name)
{
    mib->length = sizeof mib->numbers / sizeof *mib->numbers;
    return zm_je_mallctlnametomib(name, mib->numbers, &mib->length) == 0;
}

static inline bool read_mib(const struct mib *mib, void *value, size_t size)
{
    return zm_je_mallctlbymib(mib->numbers, mib->length, value, &size, NULL, 0) == 0;
}

#endif
