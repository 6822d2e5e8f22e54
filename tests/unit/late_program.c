/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program that does not link the library: it opens it when it already has threads, uses it,
 * closes it, and opens it again. Its argument is the library's path. It exits with 3 if the library
 * cannot be opened.
 */

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    void *(*zmalloc)(size_t size);
    void (*zfree)(void *ptr);
    size_t (*zmalloc_size)(const void *ptr);
    size_t (*zmalloc_used_memory)(void);
} api;

static void must(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "late: %s\n", what);
    _exit(1);
}

static void *find(void *library, const char *name)
{
    void *symbol = dlsym(library, name);

    must(symbol != NULL, name);
    return symbol;
}

static void *open_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(3);
    }
    *(void **)&api.zmalloc = find(library, "zml_zmalloc");
    *(void **)&api.zfree = find(library, "zml_zfree");
    *(void **)&api.zmalloc_size = find(library, "zml_zmalloc_size");
    *(void **)&api.zmalloc_used_memory = find(library, "zml_zmalloc_used_memory");
    return library;
}

static pthread_barrier_t barrier;

static void churn(void)
{
    for (size_t i = 0; i < 100; i++)
        api.zfree(api.zmalloc(i * 50));
}

/* Started before the library is opened; ends after it was closed. */
static void *live_through(void *argument)
{
    void **block = argument;

    pthread_barrier_wait(&barrier);
    churn();
    *block = api.zmalloc(3000);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void fork_and_count(size_t expected)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(60);
        churn();
        _exit(api.zmalloc_used_memory() == expected ? 0 : 1);
    }
    must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "the child counts wrong");
}

int main(int count, char **arguments)
{
    void *blocks[2] = {NULL, NULL};
    pthread_t thread;
    void *library;
    size_t used;

    must(count == 2, "usage: late-program LIBRARY");
    pthread_barrier_init(&barrier, NULL, 2);
    must(pthread_create(&thread, NULL, live_through, &blocks[1]) == 0, "no thread");
    library = open_library(arguments[1]);
    must(api.zmalloc_used_memory() == 0, "something is in use at first");
    blocks[0] = api.zmalloc(100);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    used = api.zmalloc_size(blocks[0]) + api.zmalloc_size(blocks[1]);
    must(api.zmalloc_used_memory() == used, "the sum is wrong");
    must(dlclose(library) == 0, "dlclose");
    pthread_barrier_wait(&barrier);
    must(pthread_join(thread, NULL) == 0, "no join");
    fork_and_count(used);
    open_library(arguments[1]);
    must(api.zmalloc_used_memory() == used, "opened again it counts otherwise");
    fork_and_count(used);
    api.zfree(blocks[0]);
    api.zfree(blocks[1]);
    must(api.zmalloc_used_memory() == 0, "something is in use at last");
    puts("exact");
    return 0;
}
