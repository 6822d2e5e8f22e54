/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Linked at a fixed address, with the address of malloc in its code. So the dynamic linker resolves
 * malloc's address to this program for everybody. Prints the backend and its version.
 */

#include <stdio.h>
#include <stdlib.h>

#include "zmalloc.h"

int main(void)
{
    void *(*volatile take)(size_t size) = malloc;

    free(take(1));
    printf("%s %s\n", zmalloc_backend_name(), zmalloc_backend_version());
    return 0;
}
