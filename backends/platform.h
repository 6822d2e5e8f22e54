/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PLATFORM_H
#define ZM_PLATFORM_H

/*
 * What the backends libc and native share: the platform's malloc as it describes itself.
 *
 * They report no figures. mallinfo2() counts for the whole process. Its allocated bytes include the
 * headers of blocks, half as much again for small blocks, and what thread caches hold; its active
 * bytes include all that the heaps ever had, even what is free or returned to the system.
 */

#include <stdbool.h>

/* Where a function is: an identity of the object, and its file name without folders. */
struct zm_where {
    const void *base;
    const char *name;
};

/*
 * Whether both functions are in the same object; if not, says in which. It also returns true if it
 * cannot know: if the program took the function's address when it was linked, the address is in the
 * program. In a static program all functions are.
 */
bool zm_platform_are_together(void *function, void *other, struct zm_where *object,
                              struct zm_where *other_object);

/* The C library's version; and whose malloc it is, if not the C library's. */
const char *zm_platform_version(void);
int zm_platform_purge(void);

#endif
