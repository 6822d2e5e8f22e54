/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_COMPAT_VALKEY9_JEMALLOC_H
#define ZMALLOC_COMPAT_VALKEY9_JEMALLOC_H

/*
 * What the allocator_defrag.c of Valkey 8.1 and 9.1 calls of the jemalloc that comes with Valkey, over the
 * active backend; libzmalloc-valkey9.a has these functions. With jemalloc its blocks are moved. With another
 * backend, and with the layers debug and fail, there is nothing to move: activedefrag may be switched on and has no
 * effect. See docs/porting.md.
 *
 * Valkey includes this header before its zmalloc.h, so that USE_JEMALLOC and VALKEY_VENDORED_JEMALLOC come
 * from the flags of pkg-config zmalloc-valkey9.
 */

#include "../../jemalloc/jemalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is promised; Valkey asks for 5.2.1 or later. */
#define JEMALLOC_VERSION_MAJOR 5
#define JEMALLOC_VERSION_MINOR 3
#define JEMALLOC_VERSION_BUGFIX 0

/* A literal, because Valkey makes a string of it. */
#define MALLCTL_ARENAS_ALL 4096
#define MALLOCX_TCACHE_NONE 0x100

/*
 * Valkey expects the bins of its own jemalloc, which has blocks of 24, 40 and 56 bytes as well. So arenas.quantum,
 * arenas.nbins, arenas.bin.N.size and arenas.bin.N.nregs are those here, also for DEBUG MALLCTL, and bins that the
 * active jemalloc does not have are empty. All other names are jemalloc's, with its own numbers of bins. Only one
 * thread may call these three.
 */
int zmalloc_valkey9_mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp,
                            size_t newlen);
int zmalloc_valkey9_mallctlnametomib(const char *name, size_t *mibp, size_t *miblenp);
int zmalloc_valkey9_mallctlbymib(const size_t *mib, size_t miblen, void *oldp, size_t *oldlenp,
                                 void *newp, size_t newlen);

/* Past the thread's cache, whatever the flags say. A failing allocation calls the handler for no memory. */
void *zmalloc_valkey9_mallocx(size_t size, int flags);
void zmalloc_valkey9_sdallocx(void *ptr, size_t size, int flags);

/* Valkey 8.1 has its tables of bins from it. */
void *zmalloc_valkey9_calloc(size_t num, size_t size);

#ifdef __cplusplus
}
#endif

#define je_mallctl zmalloc_valkey9_mallctl
#define je_mallctlnametomib zmalloc_valkey9_mallctlnametomib
#define je_mallctlbymib zmalloc_valkey9_mallctlbymib
#define je_mallocx zmalloc_valkey9_mallocx
#define je_sdallocx zmalloc_valkey9_sdallocx
#define je_calloc zmalloc_valkey9_calloc

#endif
