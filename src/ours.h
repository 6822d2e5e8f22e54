/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_OURS_H
#define ZM_OURS_H

/* Which objects in the address space are part of zmalloc: the library itself, the module of the active
 * backend, the preload library. Call stacks begin behind them. */

#define ZM_OURS_MAX 4

/* An address in such an object, before a backend is active. What is added too often is left out. */
void zm_ours_add(const void *address);

/* The number'th one, NULL behind the last. The first is in the library. */
const void *zm_ours(unsigned number);

#endif
