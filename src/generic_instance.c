/* SPDX-License-Identifier: BSD-3-Clause */

/* The core over a table that is only known at run time: registered backends, foreign modules,
 * layers. */

#include "base.h"
#include "instance.h"

static const struct zmalloc_backend *core_backend;
static size_t size_of_nothing;

#define CORE_SIZE_OF_NOTHING size_of_nothing
#include "core.h"

const struct zm_instance *zm_generic_instance(const struct zmalloc_backend *backend, bool is_layer)
{
    static struct zm_instance instance = {.build = ZM_BUILD, CORE_TABLES};

    core_backend = backend;
    size_of_nothing = is_layer ? 0 : ZM_SIZE_OF_NOTHING;
    instance.backend = backend;
    return &instance;
}
