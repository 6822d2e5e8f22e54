/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_SAMPLE_H
#define ZMALLOC_SAMPLE_H

/*
 * Heap profiles: who holds the memory, by call stack. The backend must have the layer "sample":
 * ZMALLOC_BACKEND or zmalloc_init() names it ("sample+jemalloc"), or ZMALLOC_SAMPLE is set.
 * docs/profiling.md shows how to use it.
 *
 * What zmalloc.h says at its top about threads, fork and signals is true here, too.
 */

#include "zmalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * From now on blocks are sampled, each byte with the same probability: one sample for each interval of
 * bytes on average; 1: every block. Samples that were taken before stay. Each thread begins within
 * 64 KiB of its allocations. Chooses a backend if none is active. Returns 0, or -1 with errno
 *   EINVAL   the interval is 0 or too large,
 *   ENOTSUP  the active backend does not have the layer.
 */
ZMALLOC_API int zmalloc_sample_start(size_t interval) ZMALLOC_SYMBOL(zmalloc_sample_start);

/* No more blocks are sampled; those that were stay in the profile until they are freed, in whatever size. Returns as
 * above. */
ZMALLOC_API int zmalloc_sample_stop(void) ZMALLOC_SYMBOL(zmalloc_sample_stop);

/*
 * Writes the profile to a descriptor: for each call stack the blocks and bytes that are live and those
 * that were ever allocated, estimated from the samples, as text that pprof and google-pprof read.
 * Other threads may go on allocating. Needs no memory. Returns 0, or -1 with errno ENOTSUP as above or that
 * of write(2).
 */
ZMALLOC_API int zmalloc_sample_dump(int fd) ZMALLOC_SYMBOL(zmalloc_sample_dump);

/* How many blocks were to be sampled and were not, because as many as the option max allows were
 * remembered. Their bytes are missing in the profile. 0 without the layer. */
ZMALLOC_API size_t zmalloc_sample_dropped(void) ZMALLOC_SYMBOL(zmalloc_sample_dropped);

#ifdef __cplusplus
}
#endif

#endif
