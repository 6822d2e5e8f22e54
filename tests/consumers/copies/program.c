/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program on zmalloc that opens a plug-in on zmalloc. Its arguments: the backend that must be
 * active in both; the plug-in; and "apart" if each has its own copy, "together" if they share one.
 * Meanwhile threads come and go in both, and the program forks.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmalloc.h>

#include "open.h"

#define FORKS 60
#define SPAWNERS 2
#define BATCH 4
/* Enough for a thread to get its own counters. */
#define BLOCKS 70
/* A child that takes longer is waiting for a lock that nobody holds. */
#define CHILD_SECONDS 20

static const struct plugin *plugin_copy;
static atomic_bool stop;

static void *use_both(void *unused)
{
    for (int i = 0; i < BLOCKS; i++) {
        void *ours = zmalloc(32);
        void *theirs = plugin_copy->get(48);

        zfree(ours);
        plugin_copy->put(theirs);
    }
    return unused;
}

static void *spawn(void *unused)
{
    while (!stop) {
        pthread_t threads[BATCH];

        for (int i = 0; i < BATCH; i++)
            require(pthread_create(&threads[i], NULL, use_both, NULL) == 0, "no thread");
        for (int i = 0; i < BATCH; i++)
            pthread_join(threads[i], NULL);
    }
    return unused;
}

/* ---- Accounting ---- */

static void check_accounts(bool together)
{
    size_t before = zmalloc_used_memory();
    size_t theirs_before = plugin_copy->used();
    void *theirs = plugin_copy->get(1000);
    size_t counted = plugin_copy->used() - theirs_before;

    require(counted >= 1000, "the plug-in's block is not counted");
    require(zmalloc_used_memory() - before == (together ? counted : 0),
            "the plug-in's block is counted by the wrong copy");
    plugin_copy->put(theirs);
    require(plugin_copy->used() == theirs_before, "the plug-in's free is not counted");
    require(plugin_copy->work() == 0, "the plug-in's work goes wrong");
}

/* ---- Handlers ---- */

static int ours_called, theirs_called;

static void our_handler(size_t size)
{
    (void)size;
    ours_called++;
}

static void their_handler(size_t size)
{
    (void)size;
    theirs_called++;
}

static void check_handlers(void)
{
    volatile size_t too_large = SIZE_MAX / 2;

    zmalloc_set_oom_handler(our_handler);
    plugin_copy->set_oom_handler(their_handler);
    require(zmalloc(too_large) == NULL && plugin_copy->get(too_large) == NULL, "there is memory");
    require(ours_called == 1 && theirs_called == 1, "the wrong handler was called");
    zmalloc_set_oom_handler(NULL);
    plugin_copy->set_oom_handler(NULL);
}

/* ---- Forks ---- */

/* Each copy's handlers have reset its locks for the child. */
static void be_child(void)
{
    alarm(CHILD_SECONDS);
    use_both(NULL);
    zmalloc_used_memory();
    plugin_copy->used();
    _exit(0);
}

static void fork_meanwhile(void)
{
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        int status;

        require(child >= 0, "no fork");
        if (child == 0)
            be_child();
        require(waitpid(child, &status, 0) == child, "no child");
        require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child hung or crashed");
    }
}

static void fork_among_threads(void)
{
    pthread_t spawners[SPAWNERS];

    for (int i = 0; i < SPAWNERS; i++)
        require(pthread_create(&spawners[i], NULL, spawn, NULL) == 0, "no thread");
    fork_meanwhile();
    stop = true;
    for (int i = 0; i < SPAWNERS; i++)
        pthread_join(spawners[i], NULL);
}

int main(int argc, char **argv)
{
    void *handle;
    bool together;

    require(argc == 4, "usage: program BACKEND PLUG-IN apart|together");
    together = strcmp(argv[3], "together") == 0;
    zfree(zmalloc(1));
    plugin_copy = open_plugin(argv[2], RTLD_GLOBAL, &handle);
    require(strcmp(zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    require(strcmp(plugin_copy->backend(), argv[1]) == 0, "another one is active in the plug-in");
    check_accounts(together);
    if (!together)
        check_handlers();
    fork_among_threads();
    require(zmalloc_used_memory() == 0 && plugin_copy->used() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
