/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Linked to stay where it is, and with the address of malloc in its code: so the dynamic linker gives
 * everybody an address in this program for it. Tells the backend and its version.
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
