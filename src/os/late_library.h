/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LATE_LIBRARY_H
#define ZM_LATE_LIBRARY_H

/* System libraries that the shared library opens when it needs one of their functions. If it were
 * linked with them they would be loaded into every program. */

#include <stdbool.h>

#if defined(__GLIBC__)
#include <gnu/lib-names.h>
#else
/* musl's linker takes any libm.* for the C library, which has these functions. */
#define LIBM_SO "libm.so"
#define LIBGCC_S_SO "libgcc_s.so.1"
#endif

struct zm_late_function {
    const char *name;
    void *pointer; /* to the function pointer to set */
};

/*
 * Opens the file and finds the functions, up to one without a name. Does not search the program,
 * which may have functions of these names. False if one is missing; dlerror() says why.
 */
bool zm_late_library_open(const char *file, const struct zm_late_function *functions);

#endif
