/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PLATFORM_H
#define ZM_PLATFORM_H

/*
 * What the backends libc and native share: the platform's malloc as it describes itself.
 *
 * It tells no figures. mallinfo2() counts for the whole process; in what is allocated it has the
 * headers of blocks, half as much again as small ones have, and what the caches of threads hold; and
 * in what is active all that the heaps ever had, free or given back to the system.
 */

#include <stdbool.h>

/* Where a function is: what tells objects apart, and the file's name without folders. */
struct zm_object {
    const void *base;
    const char *name;
};

/*
 * Whether both functions are of one object, as far as can be known; if not it tells of which. It
 * cannot be known of a function whose address the program itself has taken when it was linked: then
 * it is one in the program. In a static program all are of the program.
 */
bool zm_platform_are_together(void *function, void *other, struct zm_object *object,
                              struct zm_object *other_object);

/* The C library's version; and whose malloc it is, if it is not the C library's. */
const char *zm_platform_version(void);
int zm_platform_purge(void);

#endif
