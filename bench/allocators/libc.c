/* SPDX-License-Identifier: BSD-3-Clause */

/* The C library's malloc, for the backends libc and native. */

#include <malloc.h>
#include <stdlib.h>

#define raw_malloc malloc
#define raw_realloc realloc
#define raw_free free
#define raw_usable_size malloc_usable_size
#define raw_aligned_alloc aligned_alloc

static void *raw_calloc(size_t size)
{
    return calloc(1, size);
}

#include "../baselines.h"

EXPORT extern const struct allocator_subjects subjects_libc;
const struct allocator_subjects subjects_libc = ALLOCATOR_SUBJECTS;
