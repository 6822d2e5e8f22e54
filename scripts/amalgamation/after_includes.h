/* SPDX-License-Identifier: BSD-3-Clause */

/* mi_ufree() and its kin came with 2.4 and 3.2.6. Numbers have had three forms, see
 * backends/mimalloc_version.h. */
#ifdef MI_MALLOC_VERSION
#if (MI_MALLOC_VERSION >= 20400 && MI_MALLOC_VERSION < 30000) || MI_MALLOC_VERSION >= 30300 ||     \
    (MI_MALLOC_VERSION >= 3206 && MI_MALLOC_VERSION < 10000)
#define ZM_HAVE_MI_UFREE
#endif
#endif

/* What is a header elsewhere has functions that nobody here may call. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wunused-function"
#endif

/* From here on all is ours. */
#pragma GCC visibility push(hidden)
