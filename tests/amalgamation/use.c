/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program that has zmalloc.c among its own files. The first argument names the backend that must be
 * active, layers included. With a second one it does, after that,
 *
 *   overflow   what the layer debug finds: it writes behind a block,
 *   fail       what the layer fail does: it makes the second request fail.
 *
 * Everything else is checked always. All of the API comes from the one header.
 */

#include "zmalloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
/* Enough for a thread to get its own counters. */
#define BLOCKS 70
#define MIB ((size_t)1 << 20)

static void require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "use: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- Blocks ---- */

static void use_blocks(void)
{
    size_t before = zmalloc_used_memory();
    size_t usable = 0;
    char *block = ztrymalloc_usable(1000, &usable);

    require(block != NULL && usable >= 1000, "ztrymalloc_usable gives too little");
    require(usable == zmalloc_usable_size(block), "the usable size is told in two ways");
    require(zmalloc_used_memory() == before + zmalloc_size(block), "a block counts wrongly");
    memset(block, 'x', usable);
    block = ztryrealloc_usable(block, 100000, &usable);
    require(block != NULL && usable >= 100000, "ztryrealloc_usable gives too little");
    require(block[0] == 'x' && block[999] == 'x', "ztryrealloc_usable loses the contents");
    require(zmalloc_used_memory() == before + zmalloc_size(block), "a moved block counts wrongly");
    zfree(block);
    require(zmalloc_used_memory() == before, "a freed block still counts");
}

static void use_other_functions(void)
{
    size_t before = zmalloc_used_memory();
    char *aligned = zmalloc_aligned(256, 100);
    char *zeroed = zcalloc_num(10, 10);
    char *text = zstrdup("text");

    require((uintptr_t)aligned % 256 == 0, "zmalloc_aligned does not align");
    require(zeroed[0] == 0 && zeroed[99] == 0, "zcalloc_num does not clear");
    require(strcmp(text, "text") == 0, "zstrdup copies something else");
    zfree(aligned);
    zfree(zeroed);
    zfree_with_size(text, sizeof "text");
    require(zmalloc_used_memory() == before, "something is left in use");
}

static void *use_in_thread(void *unused)
{
    for (int i = 0; i < BLOCKS; i++)
        zfree(zmalloc(100));
    return unused;
}

static void use_threads(void)
{
    size_t before = zmalloc_used_memory();
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        require(pthread_create(&threads[i], NULL, use_in_thread, NULL) == 0, "no thread");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    require(zmalloc_used_memory() == before, "threads leave something in use");
}

/* ---- Zones, limits, statistics ---- */

static void use_zone(void)
{
    struct zmalloc_zone *zone = zmalloc_zone_create("cache", NULL);
    void *block;

    require(zone != NULL, "there is no zone");
    block = zmalloc_in(zone, 5000);
    require(zmalloc_zone_used(zone) == zmalloc_size(block), "a zone counts wrongly");
    require(zmalloc_zone_set_limit(zone, 10000) == 0, "a zone takes no limit");
    errno = 0;
    require(ztrymalloc_in(zone, 20000) == NULL && errno == ENOMEM, "a zone exceeds its limit");
    zfree_in(zone, block);
    require(zmalloc_zone_destroy(zone, NULL) == 0, "something is left in the zone");
}

static void use_limit(void)
{
    require(zmalloc_set_limit(zmalloc_used_memory() + MIB) == 0, "there can be no limit");
    errno = 0;
    require(ztrymalloc(2 * MIB) == NULL && errno == ENOMEM, "the limit is exceeded");
    zfree(zmalloc(1000));
    require(zmalloc_set_limit(SIZE_MAX) == 0, "the limit stays");
    zfree(zmalloc(2 * MIB));
}

static void use_statistics(const char *backend)
{
    static char json[65536];
    char wanted[100];
    int length = zmalloc_stats_json(json, sizeof json);

    require(length > 0 && (size_t)length < sizeof json, "there are no statistics");
    snprintf(wanted, sizeof wanted, "\"%s\"", backend);
    require(strstr(json, wanted) != NULL, "the statistics do not name the backend");
    require(json[0] == '{' && strchr("}\n", json[length - 1]) != NULL, "this is no JSON");
}

/* ---- Running out of memory ---- */

static size_t asked;

static void note(size_t size)
{
    asked = size;
}

static void run_out(void)
{
    volatile size_t too_large = SIZE_MAX / 2;

    zmalloc_set_oom_handler(note);
    require(zmalloc(too_large) == NULL && asked == too_large, "the handler is not called");
    zmalloc_set_oom_handler(NULL);
}

/* ---- Layers ---- */

static void overflow(void)
{
    volatile char *block = zmalloc(100);

    block[zmalloc_usable_size((void *)(uintptr_t)block)] = 'x';
    zfree((void *)(uintptr_t)block);
}

static void fail(void)
{
    void *first;
    void *second;

    require(zmalloc_fail("nth:2") == 0, "there is no layer fail");
    first = ztrymalloc(100);
    second = ztrymalloc(100);
    require(first != NULL && second == NULL, "another request fails than the second");
    require(zmalloc_fail_failures() == 1, "failures are not counted");
    zfree(first);
    require(zmalloc_fail(NULL) == 0, "the rules stay");
}

int main(int argc, char **argv)
{
    require(argc == 2 || argc == 3, "usage: use BACKEND [overflow|fail]");
    use_blocks();
    require(strcmp(zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    use_other_functions();
    use_threads();
    use_zone();
    use_limit();
    use_statistics(argv[1]);
    run_out();
    if (argc == 3 && strcmp(argv[2], "overflow") == 0)
        overflow();
    if (argc == 3 && strcmp(argv[2], "fail") == 0)
        fail();
    return EXIT_SUCCESS;
}
