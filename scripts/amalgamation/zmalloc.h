/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * zmalloc @VERSION@ in one file: the header of zmalloc.c, in C and in C++. Made by
 * scripts/amalgamate.py from include/zmalloc.h, zmalloc_zone.h, zmalloc_fail.h, zmalloc_sample.h and
 * zmalloc_backend.h:
 * where documentation asks for one of those, this is it. The licence is BSD-3-Clause; its text is at
 * the head of zmalloc.c, where the macros are explained as well.
 */

/* Nothing of zmalloc.c is seen outside the program or library that it is linked into. */
#if !defined(ZMALLOC_STATIC) && !defined(ZMALLOC_EXPORT)
#define ZMALLOC_STATIC
#endif
