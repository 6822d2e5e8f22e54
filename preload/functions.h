/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PRELOAD_FUNCTIONS_H
#define ZM_PRELOAD_FUNCTIONS_H

#include <stddef.h>

/* The alignment is a power of two. NULL with errno ENOMEM. */
void *zm_preload_aligned(size_t alignment, size_t size);

#endif
