/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LAYER_H
#define ZM_LAYER_H

/*
 * A layer sits on a backend or on another layer, and looks like a backend to whatever is above it:
 * ZMALLOC_BACKEND=debug+fail+jemalloc has the first name outermost. It calls the table below it and
 * knows neither the allocator nor the accounting. Each layer occurs in a choice at most once.
 *
 * The core promises a layer what it promises a backend (zmalloc_backend.h), with one exception: a
 * layer gets the size that the program asked for, and that may be 0. The block counts as one of
 * zm_layer_usable(0) bytes, and the program may use them once it has asked for the usable size. The
 * layer may pass the 0 on; it does not reach the backend below all layers.
 */

#include "base.h"

/* The least that a block of this size counts as. */
static inline size_t zm_layer_usable(size_t size)
{
    return size != 0 ? size : ZM_SIZE_OF_NOTHING;
}

struct zm_layer {
    /* [a-z0-9_-] */
    const char *name;

    /* The variable that configures it. If it is set, the layer is added to a backend that was
     * chosen without naming the layer. */
    const char *variable;

    /* It puts nothing over the backend: the core does its work, however the blocks are made. Then cover()
     * gets no tables. */
    bool is_of_core;

    /*
     * Puts the layer over below, which has been started and lives as long as the process. *table is
     * a copy of below's table; the layer puts its own operations in, and NULL for an optional one
     * that would no longer be right. options is the variable's value, or NULL. Returns 0, or an
     * errno value and the reason in why, which has ZM_WHY_SIZE bytes.
     */
    int (*cover)(const struct zmalloc_backend *below, struct zmalloc_backend *table,
                 const char *options, char *why);
};

#endif
