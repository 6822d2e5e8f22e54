/* SPDX-License-Identifier: BSD-3-Clause */

/* libFuzzer: its main calls these, and takes an abort for a finding. */

#include <stdlib.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Before libFuzzer sets its handlers, which are not for what this forks. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    fuzz_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!fuzz_try(data, size))
        abort();
    return 0;
}
