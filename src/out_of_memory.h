/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_OUT_OF_MEMORY_H
#define ZM_OUT_OF_MEMORY_H

#include "base.h"

/* Calls the handler. If the handler returns, so does this: NULL, with errno ENOMEM. If it is a
 * running handler that has run out of memory, the process ends. alignment is 0 for an ordinary
 * block. */
ZM_PRIVATE ZM_COLD void *zm_out_of_memory(size_t size, size_t alignment);

#endif
