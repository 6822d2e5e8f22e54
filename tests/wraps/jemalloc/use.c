/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Uses jemalloc in threads and after fork, and reads its version, its configuration and its
 * counters. The argument says what malloc is: "replaced" by jemalloc, or "beside" it, or "copy" if
 * this is in a library with a private copy.
 */

#define JEMALLOC_NO_DEMANGLE
#include <jemalloc/jemalloc.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "use.h"

#define need(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t counter(const char *name)
{
    uint64_t *value = NULL;
    size_t size = sizeof value;

    need(je_mallctl(name, &value, &size, NULL, 0) == 0);
    return *value;
}

static void say_configuration(void)
{
    static const char *const names[] = {"cache_oblivious", "debug",  "fill",   "lazy_lock", "prof",
                                        "stats",           "utrace", "xmalloc"};
    const char *version = NULL;
    size_t size = sizeof version;
    size_t page = 0;

    need(je_mallctl("version", &version, &size, NULL, 0) == 0);
    need(strncmp(version, "5.3.0-", 6) == 0);
    printf("version %s\n", version);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64];
        bool value = false;

        snprintf(name, sizeof name, "config.%s", names[i]);
        size = sizeof value;
        need(je_mallctl(name, &value, &size, NULL, 0) == 0);
        printf("%s %d\n", name, value);
    }
    size = sizeof page;
    need(je_mallctl("arenas.page", &page, &size, NULL, 0) == 0);
    printf("page %zu\n", page);
    need(page >= (size_t)sysconf(_SC_PAGESIZE));
}

/* ---- Threads ---- */

enum { THREADS = 8, BLOCKS = 2000, ROUNDS = 20 };

static unsigned char mark(const void *block)
{
    return (unsigned char)((uintptr_t)block >> 4);
}

static void fill_and_check(void)
{
    unsigned char *blocks[BLOCKS];

    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t size = 1 + i * i % 5000 + (i % 500 == 0) * 100000;

            blocks[i] = i % 3 != 0 ? je_malloc(size) : je_calloc(1, size);
            need(blocks[i] != NULL && je_malloc_usable_size(blocks[i]) >= size);
            memset(blocks[i], mark(blocks[i]), size);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            need(blocks[i][0] == mark(blocks[i]));
            je_free(blocks[i]);
        }
    }
}

static void *work(void *unused)
{
    uint64_t before = counter("thread.allocatedp");

    fill_and_check();
    need(counter("thread.allocatedp") - before >= (uint64_t)ROUNDS * BLOCKS);
    return unused;
}

static void run_threads(pthread_t *threads)
{
    for (size_t i = 0; i < THREADS; i++)
        need(pthread_create(&threads[i], NULL, work, NULL) == 0);
}

static void join_threads(const pthread_t *threads)
{
    for (size_t i = 0; i < THREADS; i++)
        need(pthread_join(threads[i], NULL) == 0);
}

/* While the threads allocate. */
static void fork_often(void)
{
    for (int i = 0; i < 20; i++) {
        int status;
        pid_t child = fork();

        need(child >= 0);
        if (child == 0) {
            void *block = je_malloc(100);

            je_free(block);
            _exit(block == NULL);
        }
        need(waitpid(child, &status, 0) == child && status == 0);
    }
}

/* ---- Which malloc ---- */

static void check_malloc(bool is_jemalloc)
{
    uint64_t before = counter("thread.allocatedp");
    void *volatile block = malloc(3000);

    need(block != NULL);
    need((counter("thread.allocatedp") - before >= 3000) == is_jemalloc);
    free(block);
}

static void check_background_thread(void)
{
    bool on = true;

    need(je_mallctl("background_thread", NULL, NULL, &on, sizeof on) == 0);
    on = false;
    need(je_mallctl("background_thread", NULL, NULL, &on, sizeof on) == 0);
}

int use_jemalloc(const char *expected)
{
    pthread_t threads[THREADS];

    say_configuration();
    check_malloc(strcmp(expected, "replaced") == 0);
    run_threads(threads);
    fork_often();
    join_threads(threads);
    check_background_thread();
    return 0;
}

#ifndef IN_LIBRARY
int main(int argc, char **argv)
{
    return use_jemalloc(argc > 1 ? argv[1] : "");
}
#endif
