/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program such as a user of the library would write: in two threads it allocates from the backend
 * that the first argument names and checks that the blocks are counted.
 *
 * The second argument is the folder that every mapped file of the library must be in, or "nowhere"
 * if none may be mapped.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmalloc.h>

static void require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "use: %s\n", what);
    exit(EXIT_FAILURE);
}

static bool is_zero(const char *block, size_t size)
{
    while (size > 0 && block[size - 1] == 0)
        size--;
    return size == 0;
}

static void *use_blocks(void *expected_used)
{
    size_t before = *(size_t *)expected_used;
    char *zeroed = zcalloc(1000);
    char *text = zstrdup("text");

    require(zmalloc_used_memory() == before + zmalloc_size(zeroed) + zmalloc_size(text),
            "used memory is not what the blocks count for");
    require(is_zero(zeroed, zmalloc_usable_size(zeroed)), "zcalloc's block is not zero");
    text = zrealloc(text, 100000);
    require(strcmp(text, "text") == 0, "zrealloc lost the contents");
    zfree(zeroed);
    zfree(text);
    require(zmalloc_used_memory() == before, "used memory is not what it was before");
    return NULL;
}

/* Whether all mapped files of the library are in the folder, and how many lines of them there
 * are. */
static bool are_in(const char *folder, unsigned *lines)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    bool good = maps != NULL;
    char line[4096];

    *lines = 0;
    while (good && fgets(line, sizeof line, maps) != NULL) {
        const char *path = strchr(line, '/');

        if (path == NULL || strstr(path, "/libzmalloc") == NULL)
            continue;
        ++*lines;
        good = strncmp(path, folder, strlen(folder)) == 0;
        if (!good)
            fprintf(stderr, "use: mapped: %s", path);
    }
    if (maps != NULL)
        fclose(maps);
    return good;
}

static void look_where_it_is(const char *folder)
{
    unsigned lines;
    bool good = are_in(folder, &lines);

    if (strcmp(folder, "nowhere") == 0)
        require(lines == 0, "a file of the library is mapped");
    else
        require(good && lines > 0, "the library is not where it should be");
}

int main(int argc, char **argv)
{
    size_t used = 0;
    pthread_t thread;

    require(argc == 3, "usage: use BACKEND FOLDER");
    use_blocks(&used);
    require(strcmp(zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    require(pthread_create(&thread, NULL, use_blocks, &used) == 0, "no thread");
    pthread_join(thread, NULL);
    look_where_it_is(argv[2]);
    return EXIT_SUCCESS;
}
