/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_JEMALLOC_SLABS_H
#define ZM_JEMALLOC_SLABS_H

/*
 * How full jemalloc's slabs are. A slab is a run of pages with blocks of one size. As long as one of them
 * is in use, no page of the slab can be returned. Moving its blocks to other slabs empties it.
 */

#include "base.h"

/* Operations of the backend (zmalloc_backend.h). */
ZM_PRIVATE int zm_slabs_fragmentation(size_t *bytes);
ZM_PRIVATE int zm_slabs_worth_moving(const void *ptr);

#endif
