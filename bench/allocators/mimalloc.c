/* SPDX-License-Identifier: BSD-3-Clause */

/* The system's libmimalloc, the same instance that the library's module uses; or, from source, a copy
 * of its own. */

#include <mimalloc.h>

#ifdef BENCH_PRIVATE_MIMALLOC
void mi_private_start(void);

__attribute__((constructor)) static void start(void)
{
    mi_private_start();
}
#endif

#define raw_malloc mi_malloc
#define raw_calloc mi_zalloc
#define raw_realloc mi_realloc
#define raw_free mi_free
#define raw_usable_size mi_usable_size

static void *raw_aligned_alloc(size_t alignment, size_t size)
{
    return mi_malloc_aligned(size, alignment);
}

#include "../baselines.h"

EXPORT extern const struct allocator_subjects subjects_mimalloc;
const struct allocator_subjects subjects_mimalloc = ALLOCATOR_SUBJECTS;
