/* SPDX-License-Identifier: BSD-3-Clause */

/* A program that uses the library, for the command to look at. When run it writes into the file that
 * its argument names, by which a test sees that somebody has run it. */

#include <stdio.h>
#include <stdlib.h>

#include "zmalloc.h"

int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "w") : NULL;
    char *copy = zstrdup("run");

    if (file == NULL || fputs(copy, file) < 0 || fclose(file) != 0)
        return EXIT_FAILURE;
    zfree(copy);
    return zmalloc_init(NULL) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
