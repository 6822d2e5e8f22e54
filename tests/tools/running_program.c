/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program whose figures others read: it has blocks and zones, writes its own report as JSON to the file
 * of its first argument, and runs until its input ends. With "churn" as the second argument, threads
 * come and go and allocate all the while, 64 KiB each and never more than eight at once. With "idle"
 * it allocates nothing, and the report is empty. With "exec" it executes itself until its input ends.
 */

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc.h"
#include "zmalloc_zone.h"

#define HELD ((size_t)32 << 20)
#define CHURNING 8
#define SMALL 1024
#define BLOCKS 64

static atomic_bool is_over;

static void *churn_once(void *argument)
{
    void *blocks[BLOCKS];

    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = zmalloc(SMALL);
        for (int i = 0; i < BLOCKS; i++)
            zfree(blocks[i]);
    }
    return argument;
}

static void *churn(void *argument)
{
    while (!is_over) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, churn_once, NULL) == 0)
            pthread_join(thread, NULL);
    }
    return argument;
}

/* Under another name until it is whole: somebody waits for it. */
static void write_report(const char *path, const char *text)
{
    char before[4096];
    FILE *file;

    snprintf(before, sizeof before, "%s.new", path);
    file = fopen(before, "w");
    if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0 || rename(before, path) != 0)
        exit(EXIT_FAILURE);
}

/* Blocks in zones, one within another, and outside. */
static void use(void)
{
    struct zmalloc_zone *cache = zmalloc_zone_create("cache", NULL);
    struct zmalloc_zone *pages = zmalloc_zone_create("pages \"1\"", cache);

    zmalloc_zone_set_limit(cache, 1 << 20);
    zfree_in(cache, zmalloc_in(cache, 50000));
    if (zmalloc_in(cache, 10000) == NULL || zmalloc_in(pages, 20000) == NULL ||
        zmalloc(HELD) == NULL)
        exit(EXIT_FAILURE);
    zmalloc_external(4096);
}

static void wait_for_end_of_input(void)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
}

static bool input_ends(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&input, 1, 0) != 0;
}

int main(int argc, char **argv)
{
    const char *how = argc > 2 ? argv[2] : "";
    pthread_t threads[CHURNING];
    int count = strcmp(how, "churn") == 0 ? CHURNING : 0;
    static char text[16384];

    if (argc < 2)
        return EXIT_FAILURE;
    if (strcmp(how, "idle") != 0) {
        use();
        zmalloc_stats_json(text, sizeof text);
    }
    for (int i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, churn, NULL) != 0)
            return EXIT_FAILURE;
    write_report(argv[1], text);
    if (strcmp(how, "exec") == 0 && !input_ends())
        execv(argv[0], argv);
    wait_for_end_of_input();
    is_over = true;
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return EXIT_SUCCESS;
}
