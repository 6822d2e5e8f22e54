/* SPDX-License-Identifier: BSD-3-Clause */

/* The core over a table that is known at run time only: registered backends, foreign modules. */

#include "internal.h"

static const struct zmalloc_backend *core_backend;

#include "core.h"

const struct zm_instance *zm_generic_instance(const struct zmalloc_backend *backend)
{
    static struct zm_instance instance = {.build = ZM_BUILD, .entries = CORE_ENTRIES};

    core_backend = backend;
    instance.backend = backend;
    return &instance;
}
