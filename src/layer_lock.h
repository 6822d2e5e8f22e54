/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LAYER_LOCK_H
#define ZM_LAYER_LOCK_H

/* The one lock for everything that layers remember, and the memory for it. A leaf: see
 * layer_lock.c. */

#include <stdbool.h>
#include <stddef.h>

void zm_leaf_lock(void);
/* False if somebody has it, maybe the calling thread itself. For a signal handler. */
bool zm_leaf_try_lock(void);
void zm_leaf_unlock(void);

/* Around each use of the unwinder and of the dynamic linker's list. No other thread forks between
 * the two. */
void zm_leaf_begin_unwinding(void);
void zm_leaf_end_unwinding(void);

/* Zeroed pages, or NULL. Keeps errno. */
void *zm_leaf_map(size_t size);
void zm_leaf_unmap(void *mapped, size_t size);

#endif
