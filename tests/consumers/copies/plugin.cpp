// SPDX-License-Identifier: BSD-3-Clause

// A plug-in in C++ on zmalloc.

#include "plugin.h"

#include "containers.h"

namespace
{

int work()
{
    return use_containers_of(zmalloc_used_memory);
}

} // namespace

const struct plugin *plugin()
{
    static const struct plugin functions = {
        nullptr, zfree, zmalloc_used_memory, zmalloc_backend_name, zmalloc_set_oom_handler, work};

    return &functions;
}
