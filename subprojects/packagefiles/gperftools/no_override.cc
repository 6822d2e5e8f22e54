/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * tcmalloc that leaves malloc, new and delete alone: what libc_override.h would define is defined here
 * instead. TCMALLOC_PRIVATE: see "The private copy" in meson.build.
 */

#include "config.h"

#define TCMALLOC_LIBC_OVERRIDE_INL_H_
#define CPP_NOTHROW noexcept
#define CPP_BADALLOC

static void ReplaceSystemAlloc()
{
}

#ifndef TCMALLOC_PRIVATE

#include "tcmalloc.cc"

#else

/* The object that starts tcmalloc before main() and prints statistics after it becomes the declaration
 * of a function. */
#define module_enter_exit_hook NeverDefined()
#include "tcmalloc.cc"
#undef module_enter_exit_hook

#include "tcmalloc_private.h"

void tcmalloc_private_start()
{
    alignas(TCMallocGuard) static char room[sizeof(TCMallocGuard)];

    new (room) TCMallocGuard();
}

#endif
