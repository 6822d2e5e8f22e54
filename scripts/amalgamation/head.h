/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * zmalloc @VERSION@ in one file: accounted allocation over an allocator chosen at run time.
 *
 * Made by scripts/amalgamate.py from the sources of zmalloc. Do not change it; change those. The lines
 * "---- path ----" say where each part comes from. Put it into your project together with zmalloc.h:
 *
 *     cc -O2 -fexceptions -c zmalloc.c
 *     cc program.c zmalloc.o -pthread
 *
 * It needs gcc or clang, and C11 or later. glibc before 2.34 also wants -ldl. What is in it is the static
 * library: the backends libc and native, the layers fail, debug and sample, zones, limits, statistics. It opens
 * no modules. Its symbols are hidden: a program exports none of them, and two copies in one process do
 * not meet.
 *
 * With -fexceptions an out-of-memory handler in C++ may throw. The rest you may say when you compile:
 *
 *     -DZMALLOC_DEFAULT_BACKEND='"native"'    the default: a name, or a list, as in ZMALLOC_BACKEND
 *     -DZMALLOC_WITH_MIMALLOC                 the backend mimalloc; link with -lmimalloc
 *     -DZMALLOC_WITH_TCMALLOC                 the backend tcmalloc; link with -ltcmalloc_minimal
 *     -DZMALLOC_EXPORT                        functions that a shared library passes on; say it also to
 *                                             whoever includes zmalloc.h
 *     -DZMALLOC_NO_UNWINDER                   if the linker finds no _Unwind_Backtrace or
 *                                             _dl_find_object, as behind Debian's musl-gcc; leave
 *                                             out -fexceptions then. Call stacks are empty, and an
 *                                             out-of-memory handler may be called up to 16 times
 *                                             within itself
 *     -DZMALLOC_NO_NATIVE                     if the C library has no malloc_usable_size()
 *     -DZMALLOC_PROBES                        probes for tracers, with sys/sdt.h of SystemTap
 *     -DZMALLOC_LATE_OPEN                     for a shared library that dlopen() opens, except on x86
 *
 * -lmimalloc and -ltcmalloc_minimal also replace the malloc() of the whole process, and what the
 * backends libc and native then count comes from there. The library that Meson builds avoids that.
 *
 * The licence:
 *
@LICENSE@
 */

#ifdef __cplusplus
#error "zmalloc.c is C: compile it with a compiler for C. zmalloc.h is for C++, too"
#endif
#ifndef __GNUC__
#error "zmalloc.c needs gcc or clang"
#endif
#if !defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L
#error "zmalloc.c needs C11: compile it with -std=gnu11 or later"
#endif

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#define ZM_ARCHIVE
#ifdef ZMALLOC_LATE_OPEN
#define ZM_LATE_OPEN
#endif

#include "zmalloc.h"

#include <limits.h> /* says which C library this is */
