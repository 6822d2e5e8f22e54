/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SEALED_H
#define ZM_SEALED_H

/* Tables of functions that are written once and then read-only, so that a stray write cannot redirect
 * allocation. A table has whole pages of its own. */

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base.h"

#if defined(__x86_64__) || defined(__i386__)
#define ZM_LARGEST_PAGE 4096
#else
#define ZM_LARGEST_PAGE 65536
#endif

/* What was written before an entry is visible to who jumps through it. On x86 every load guarantees
 * that, and a plain load becomes part of the jump. */
#if defined(__x86_64__) && !defined(ZM_THREAD_SANITIZER)
#define ZM_ENTRY(entry) entry
#else
#define ZM_ENTRY(entry) __atomic_load_n(&(entry), __ATOMIC_ACQUIRE)
#endif

/* If the system refuses, or has larger pages than any we know, the table just stays writable. */
static inline void zm_seal(void *table, size_t size)
{
    long page = sysconf(_SC_PAGESIZE);

    if (page > 0 && size % (size_t)page == 0)
        mprotect(table, size, PROT_READ);
}

#endif
