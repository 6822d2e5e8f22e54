/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LATE_LIBRARY_H
#define ZM_LATE_LIBRARY_H

/* Libraries of the system that the shared library opens when it wants their functions: needed by it
 * they would be loaded into every program. */

#include <stdbool.h>

#if defined(__GLIBC__)
#include <gnu/lib-names.h>
#else
/* musl's linker takes each libm.* for the C library, where these functions are. */
#define LIBM_SO "libm.so"
#define LIBGCC_S_SO "libgcc_s.so.1"
#endif

struct zm_late_function {
    const char *name;
    void *pointer; /* to the pointer that it is put into */
};

/*
 * Opens the file and finds the functions, up to one without a name; false, and dlerror() says why,
 * where one is not there. Not from the program, which may have functions of these names.
 */
bool zm_late_library_open(const char *file, const struct zm_late_function *functions);

#endif
