/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program that uses zmalloc: has as many bytes as its first argument says, and frees them. With a
 * second argument a child has as many as that; or if that is "environment", it shows what it has in
 * LD_PRELOAD.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zmalloc.h"

static void use(const char *bytes)
{
    char *block = zmalloc(strtoul(bytes, NULL, 10));

    block[0] = 'x';
    printf("used %zu on %s\n", zmalloc_used_memory(), zmalloc_backend_name());
    zfree(block);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return EXIT_FAILURE;
    if (argc > 2 && strcmp(argv[2], "environment") == 0) {
        const char *preloaded = getenv("LD_PRELOAD");

        if (preloaded != NULL)
            printf("LD_PRELOAD=%s\n", preloaded);
    } else if (argc > 2) {
        fflush(stdout);
        if (fork() == 0) {
            use(argv[2]);
            exit(EXIT_SUCCESS);
        }
        wait(NULL);
    }
    use(argv[1]);
    return EXIT_SUCCESS;
}
