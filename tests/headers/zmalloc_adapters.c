/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_adapters.h first, alone, twice, and all it defines. A copy of this is compiled as C++. */

/* clang-format off */
#include "zmalloc_adapters.h"
#include "zmalloc_adapters.h"
/* clang-format on */

#include "zmalloc_functions.h"

static struct zmalloc_zone *zone;

#ifdef __cplusplus
namespace inside
{
#endif
ZMALLOC_ADAPTERS_IN(zoned, zone);
#ifdef __cplusplus
}
using namespace inside;
#endif

ZMALLOC_ADAPTERS_FUNCTIONS(POINTER, zmalloc)
ZMALLOC_ADAPTERS_FUNCTIONS(POINTER, zoned)
ZMALLOC_OPAQUE_ADAPTERS_FUNCTIONS(POINTER)

int main(void)
{
    void *block = pointer_zoned_plain_calloc(2, 3);

    pointer_zoned_plain_free(block);
    block = pointer_zmalloc_lua_alloc(zone, 0, 0, 8);
    pointer_zmalloc_lua_alloc(zone, block, 8, 0);
    return zmalloc_used_memory() == 0 ? 0 : 1;
}
