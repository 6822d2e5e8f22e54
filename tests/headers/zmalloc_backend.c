/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_backend.h first, alone, twice, and all it declares. A copy of this is compiled as C++. */

/* clang-format off */
#include "zmalloc_backend.h"
#include "zmalloc_backend.h"
/* clang-format on */

#include "zmalloc_functions.h"

ZMALLOC_FUNCTIONS(POINTER)
ZMALLOC_BACKEND_FUNCTIONS(POINTER)

/* What a module defines. */
const struct zmalloc_backend zmalloc_backend_module = {
    sizeof(struct zmalloc_backend),
    ZMALLOC_BACKEND_ABI,
    "trial",
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
};

int main(void)
{
    if (zmalloc_register_backend(&zmalloc_backend_module) == 0)
        return 1;
    return (0 ZMALLOC_FUNCTIONS(COUNT) ZMALLOC_BACKEND_FUNCTIONS(COUNT)) ==
                   (0 ZMALLOC_FUNCTIONS(ONE) ZMALLOC_BACKEND_FUNCTIONS(ONE))
               ? 0
               : 1;
}
