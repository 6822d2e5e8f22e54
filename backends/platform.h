/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PLATFORM_H
#define ZM_PLATFORM_H

/* What the backends libc and native share: the platform's malloc as it describes itself. */

#include <stddef.h>

/* The C library's version; and whose malloc it is, where it is not the C library's. */
const char *zm_platform_version(void);
void zm_platform_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                size_t *retained, size_t *muzzy);
int zm_platform_purge(void);

#endif
