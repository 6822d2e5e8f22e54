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

#define EVERY_ADAPTER(F)                                                                           \
    (0 ZMALLOC_ADAPTERS_FUNCTIONS(F, zmalloc) ZMALLOC_ADAPTERS_FUNCTIONS(F, zoned)                 \
         ZMALLOC_OPAQUE_ADAPTERS_FUNCTIONS(F))

int main(void)
{
    void *block = pointer_zoned_plain_calloc(2, 3);

    pointer_zoned_plain_free(block);
    block = pointer_zmalloc_lua_alloc(zone, 0, 0, 8);
    pointer_zmalloc_lua_alloc(zone, block, 8, 0);
    if (zmalloc_used_memory() != 0)
        return 1;
    return EVERY_ADAPTER(COUNT) == EVERY_ADAPTER(ONE) ? 0 : 1;
}
