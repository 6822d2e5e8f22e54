/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc.h first, alone, twice, and all it declares. A copy of this is compiled as C++. */

/* clang-format off */
#include "zmalloc.h"
#include "zmalloc.h"
/* clang-format on */

#include "zmalloc_functions.h"

ZMALLOC_FUNCTIONS(POINTER)

static const enum zmalloc_backend_state states[] = {
    ZMALLOC_BACKEND_BUILT_IN,
    ZMALLOC_BACKEND_LOADABLE,
    ZMALLOC_BACKEND_NOT_BUILT,
    ZMALLOC_BACKEND_BROKEN,
};

int main(void)
{
    struct zmalloc_backend_info info = {sizeof info, "", states[0], ""};
    const char *library = ZMALLOC_LIB;

    if (library[0] == '\0' || info.why[0] != '\0')
        return 1;
    return (0 ZMALLOC_FUNCTIONS(COUNT)) == (0 ZMALLOC_FUNCTIONS(ONE)) ? 0 : 1;
}
