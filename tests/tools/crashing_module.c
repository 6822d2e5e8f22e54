/* SPDX-License-Identifier: BSD-3-Clause */

/* A module that takes its process down when it is opened. */

#include <stdlib.h>

__attribute__((constructor)) static void crash(void)
{
    abort();
}
