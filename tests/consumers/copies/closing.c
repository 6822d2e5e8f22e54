/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program without zmalloc that opens a plug-in with zmalloc and closes it while threads that used
 * it are still alive. Its arguments: the backend that must be active, the plug-in.
 */

#include <pthread.h>
#include <string.h>

#include "open.h"

#define THREADS 4
#define BLOCKS 70

static const struct plugin *plugin_copy;
static pthread_barrier_t used, closed;

static void *use_and_outlive(void *unused)
{
    for (int i = 0; i < BLOCKS; i++)
        plugin_copy->put(plugin_copy->get(32));
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return unused;
}

/* Only what was asked for keeps it loaded. */
static void check_unused(const char *file)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    require(handle != NULL && dlclose(handle) == 0, "it does not open and close");
#ifdef __GLIBC__
    require(getenv("ZMALLOC_BACKEND") != NULL || dlopen(file, RTLD_LAZY | RTLD_NOLOAD) == NULL,
            "it stays though nobody has used it");
#endif
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    void *handle;
    void *kept;

    require(argc == 3, "usage: closing BACKEND PLUG-IN");
    check_unused(argv[2]);
    plugin_copy = open_plugin(argv[2], RTLD_LOCAL, &handle);
    pthread_barrier_init(&used, NULL, THREADS + 1);
    pthread_barrier_init(&closed, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        require(pthread_create(&threads[i], NULL, use_and_outlive, NULL) == 0, "no thread");
    pthread_barrier_wait(&used);
    require(strcmp(plugin_copy->backend(), argv[1]) == 0, "another backend is active");
    kept = plugin_copy->get(1000);
    require(dlerror() == NULL, "an error is left for dlerror()");
    require(dlclose(handle) == 0, "dlclose failed");
    pthread_barrier_wait(&closed);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    plugin_copy = open_plugin(argv[2], RTLD_LOCAL, &handle);
    require(plugin_copy->used() >= 1000, "the block is forgotten: it did not stay");
    plugin_copy->put(kept);
    require(plugin_copy->used() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
