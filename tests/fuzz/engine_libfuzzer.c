/* SPDX-License-Identifier: BSD-3-Clause */

/* libFuzzer's main calls these, and takes an abort as a finding. */

#include <stdlib.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Before libFuzzer installs its signal handlers, which are not for the processes forked here. */
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
