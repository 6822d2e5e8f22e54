/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program that is not linked with the library and opens it late. Its arguments: the backend that
 * must be active, the file to open. If that cannot be opened, it prints what the dynamic linker
 * says and ends with 1.
 */

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct library {
    void *(*zmalloc)(size_t size);
    void (*zfree)(void *ptr);
    size_t (*zmalloc_size)(const void *ptr);
    size_t (*zmalloc_used_memory)(void);
    const char *(*zmalloc_backend_name)(void);
};

static struct library library;

static void require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "late: %s\n", what);
    exit(EXIT_FAILURE);
}

static void *function(void *handle, const char *name)
{
    void *symbol = dlsym(handle, name);

    require(symbol != NULL, name);
    return symbol;
}

static void *open_library(const char *file)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(EXIT_FAILURE);
    }
    *(void **)&library.zmalloc = function(handle, "zml_zmalloc");
    *(void **)&library.zfree = function(handle, "zml_zfree");
    *(void **)&library.zmalloc_size = function(handle, "zml_zmalloc_size");
    *(void **)&library.zmalloc_used_memory = function(handle, "zml_zmalloc_used_memory");
    *(void **)&library.zmalloc_backend_name = function(handle, "zml_zmalloc_backend_name");
    return handle;
}

/* Enough of them for a thread to get its own counters. */
static void *use_blocks(void *unused)
{
    size_t before = library.zmalloc_used_memory();

    for (int i = 0; i < 1000; i++) {
        void *block = library.zmalloc(100);

        require(library.zmalloc_used_memory() == before + library.zmalloc_size(block),
                "a block is not counted");
        library.zfree(block);
    }
    return unused;
}

/* A thread that is older than the library. */
static pthread_barrier_t opened;

static void *wait_and_use_blocks(void *unused)
{
    pthread_barrier_wait(&opened);
    return use_blocks(unused);
}

int main(int argc, char **argv)
{
    pthread_t thread;
    void *handle;
    void *kept;

    require(argc == 3, "usage: late BACKEND FILE");
    pthread_barrier_init(&opened, NULL, 2);
    require(pthread_create(&thread, NULL, wait_and_use_blocks, NULL) == 0, "no thread");
    handle = open_library(argv[2]);
    require(strcmp(library.zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    pthread_barrier_wait(&opened);
    pthread_join(thread, NULL);
    use_blocks(NULL);
    kept = library.zmalloc(100);
    require(dlclose(handle) == 0, "dlclose failed");
    open_library(argv[2]);
    require(library.zmalloc_used_memory() == library.zmalloc_size(kept),
            "the block is forgotten: the library did not stay");
    library.zfree(kept);
    require(library.zmalloc_used_memory() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
