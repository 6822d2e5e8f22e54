/* SPDX-License-Identifier: BSD-3-Clause */

/* ---- What Meson finds out elsewhere ---- */

#define ZM_VERSION "@VERSION@"
#define ZM_BUILD ZM_VERSION ", one file"

#ifndef ZMALLOC_DEFAULT_BACKEND
#define ZMALLOC_DEFAULT_BACKEND "libc"
#endif
#define ZM_DEFAULT_BACKEND ZMALLOC_DEFAULT_BACKEND
#define ZM_MODULE_FOLDER "" /* there are no modules */

#ifdef __GLIBC__
#define ZM_HAVE_MALLOC_TRIM 1
#if __GLIBC_PREREQ(2, 32)
#define ZM_HAVE_STRERRORDESC_NP 1
#endif
#endif

/* The header is one more file that is needed. */
#ifdef ZMALLOC_PROBES
#define ZM_HAVE_SDT 1
#endif

/* musl does not say that it is there, but each C library that is used with Linux has the function. */
#if defined(__linux__) || defined(__FreeBSD__)
#define ZM_HAVE_MALLOC_USABLE_SIZE 1
#endif
#if (defined(__linux__) || defined(__FreeBSD__) || defined(__APPLE__)) &&                          \
    !defined(ZMALLOC_NO_NATIVE)
#define ZM_HAVE_SIZE_QUERY 1
#endif
