/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_sample.h first, alone, twice, and all it declares. A copy of this is compiled as C++. */

/* clang-format off */
#include "zmalloc_sample.h"
#include "zmalloc_sample.h"
/* clang-format on */

#include "zmalloc_functions.h"

ZMALLOC_FUNCTIONS(POINTER)
ZMALLOC_SAMPLE_FUNCTIONS(POINTER)

int main(void)
{
    return (0 ZMALLOC_FUNCTIONS(COUNT) ZMALLOC_SAMPLE_FUNCTIONS(COUNT)) ==
                   (0 ZMALLOC_FUNCTIONS(ONE) ZMALLOC_SAMPLE_FUNCTIONS(ONE))
               ? 0
               : 1;
}
