/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_UNINSTRUMENTED_H
#define ZM_UNINSTRUMENTED_H

/*
 * For an allocator that is compiled without the thread sanitizer when the library is compiled with
 * it. The sanitizer sees the allocator's mutexes, but not the atomics that publish them, and would
 * report each as a race. A function that calls the allocator begins with INSIDE_ALLOCATOR, which is
 * empty in other builds.
 */

#include "base.h"

#ifdef ZM_THREAD_SANITIZER

void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

static inline int zm_inside_allocator(void)
{
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    return 0;
}

static inline void zm_outside_allocator(const int *ignored)
{
    (void)ignored;
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}

#define INSIDE_ALLOCATOR                                                                           \
    __attribute__((cleanup(zm_outside_allocator), unused)) const int inside = zm_inside_allocator()

#else
#define INSIDE_ALLOCATOR ((void)0)
#endif

#endif
