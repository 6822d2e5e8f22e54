/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_fail.h first, alone, twice, and all it declares. A copy of this is compiled as C++. */

/* clang-format off */
#include "zmalloc_fail.h"
#include "zmalloc_fail.h"
/* clang-format on */

#include "zmalloc_functions.h"

ZMALLOC_FUNCTIONS(POINTER)
ZMALLOC_FAIL_FUNCTIONS(POINTER)

int main(void)
{
    return (0 ZMALLOC_FUNCTIONS(COUNT) ZMALLOC_FAIL_FUNCTIONS(COUNT)) ==
                   (0 ZMALLOC_FUNCTIONS(ONE) ZMALLOC_FAIL_FUNCTIONS(ONE))
               ? 0
               : 1;
}
