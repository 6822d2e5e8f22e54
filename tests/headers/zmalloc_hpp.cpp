/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc.hpp first, alone, twice, and all it declares; and the functions of zmalloc.h, one of
 * which has the same name as its class. */

/* clang-format off */
#include "zmalloc.hpp"
#include "zmalloc.hpp"
/* clang-format on */

#include "zmalloc_functions.h"

ZMALLOC_FUNCTIONS(POINTER)

using z = struct zmalloc;

static int used_types()
{
    zmalloc::allocator<long> allocator;
    zmalloc::unique_ptr<char> text(zstrdup("text"));
    zmalloc::unique_ptr<void> block(zmalloc(1));
    zmalloc::unique_ptr<int[]> numbers = z::make_unique<int[]>(2);
    zmalloc::deleter<const int> deleter = z::deleter<int>();

    deleter(nullptr);
    allocator.deallocate(allocator.allocate(3), 3);
    return *text == 't' && block && numbers[1] == 0;
}

static int used_resource()
{
#if ZMALLOC_HAS_MEMORY_RESOURCE
    zmalloc::memory_resource resource;

    return resource == *zmalloc::resource();
#else
    return 1;
#endif
}

int main()
{
    if (!used_types() || !used_resource() || zmalloc_used_memory() != 0)
        return 1;
    return (0 ZMALLOC_FUNCTIONS(COUNT)) == (0 ZMALLOC_FUNCTIONS(ONE)) ? 0 : 1;
}
