/* SPDX-License-Identifier: BSD-3-Clause */

/* AFL++ in persistent mode. Compiled by anything but afl-clang-fast, it reads one input from stdin.
 * An abort is a finding. */

#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

/* Starts a new process after this many. Leaks from one input to the next would be found without
 * that, too. */
#define INPUTS_OF_A_PROCESS 10000

#if defined(__AFL_COMPILER)
/* Its macros are not as careful as we are. */
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wextra-semi"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshorten-64-to-32"
__AFL_FUZZ_INIT();
#else
#define __AFL_INIT()
#endif

static void try_or_abort(const uint8_t *data, size_t size)
{
    if (!fuzz_try(data, size))
        abort();
}

int main(void)
{
    __AFL_INIT();
    fuzz_start();
#if defined(__AFL_COMPILER)
    const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;

    while (__AFL_LOOP(INPUTS_OF_A_PROCESS))
        try_or_abort(data, (size_t)__AFL_FUZZ_TESTCASE_LEN);
#else
    static uint8_t data[INPUT_MAX];
    ssize_t size = read(STDIN_FILENO, data, sizeof data);

    try_or_abort(data, size > 0 ? (size_t)size : 0);
#endif
    return 0;
}
