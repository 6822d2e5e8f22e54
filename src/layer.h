/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LAYER_H
#define ZM_LAYER_H

/*
 * A layer stands over a backend, or over another layer, and is one to whatever stands over it:
 * ZMALLOC_BACKEND=debug+fail+jemalloc has the first name outermost. It calls the table below it and
 * knows neither the allocator nor the accounting. Each layer stands in a choice at most once.
 *
 * What the core promises a backend (zmalloc_backend.h) it promises a layer, but for one thing: a
 * layer gets the size that the program asked for, and that may be 0. The block counts as one of
 * zm_layer_usable(0) bytes, and they are the caller's as soon as usable_size was asked for it. The
 * layer may pass the 0 on: the backend below all layers does not get it.
 */

#include "base.h"

/* What a size counts as, at the least. */
static inline size_t zm_layer_usable(size_t size)
{
    return size != 0 ? size : ZM_SIZE_OF_NOTHING;
}

struct zm_layer {
    /* [a-z0-9_-] */
    const char *name;

    /* The variable that configures it. Set, it puts the layer over a backend that was chosen
     * without naming the layer. */
    const char *variable;

    /*
     * Puts the layer over below, which has been started and lives as long as the process. *table is
     * a copy of it when this is called; the layer puts its own operations in, and NULL for an
     * optional one that would no longer be true. options is what the variable says, or NULL.
     * Returns 0, or an errno value and what is wrong in why, which has ZM_WHY_SIZE bytes.
     */
    int (*cover)(const struct zmalloc_backend *below, struct zmalloc_backend *table,
                 const char *options, char *why);
};

#endif
