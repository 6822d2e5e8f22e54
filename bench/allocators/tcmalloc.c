/* SPDX-License-Identifier: BSD-3-Clause */

/* The system's libtcmalloc_minimal, the same instance that the library's module uses; or, from source, a
 * copy of its own. */

#include <gperftools/tcmalloc.h>

#ifdef BENCH_PRIVATE_TCMALLOC
#include "tcmalloc_private.h"

__attribute__((constructor)) static void start(void)
{
    tcmalloc_private_start();
}
#endif

#define raw_malloc tc_malloc
#define raw_realloc tc_realloc
#define raw_free tc_free
#define raw_usable_size tc_malloc_size
#define raw_aligned_alloc tc_memalign

static void *raw_calloc(size_t size)
{
    return tc_calloc(1, size);
}

#include "../baselines.h"

EXPORT extern const struct allocator_subjects subjects_tcmalloc;
const struct allocator_subjects subjects_tcmalloc = ALLOCATOR_SUBJECTS;
