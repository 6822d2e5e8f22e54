/* SPDX-License-Identifier: BSD-3-Clause */

/* A private copy of jemalloc, made of the same objects as the library's copy. */

#include <stddef.h>
#include <stdlib.h>

#define PRIVATE_COPY __attribute__((visibility("hidden")))

void *zm_je_malloc(size_t size) PRIVATE_COPY;
void *zm_je_calloc(size_t num, size_t size) PRIVATE_COPY;
void *zm_je_realloc(void *ptr, size_t size) PRIVATE_COPY;
void *zm_je_aligned_alloc(size_t alignment, size_t size) PRIVATE_COPY;
void zm_je_free(void *ptr) PRIVATE_COPY;
size_t zm_je_malloc_usable_size(void *ptr) PRIVATE_COPY;
char *zm_je_secure_getenv(const char *name) PRIVATE_COPY;

char *zm_je_secure_getenv(const char *name)
{
    return secure_getenv(name);
}

#define raw_malloc zm_je_malloc
#define raw_realloc zm_je_realloc
#define raw_free zm_je_free
#define raw_usable_size zm_je_malloc_usable_size
#define raw_aligned_alloc zm_je_aligned_alloc

static void *raw_calloc(size_t size)
{
    return zm_je_calloc(1, size);
}

#include "../baselines.h"

EXPORT extern const struct allocator_subjects subjects_jemalloc;
const struct allocator_subjects subjects_jemalloc = ALLOCATOR_SUBJECTS;
