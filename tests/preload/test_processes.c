/* SPDX-License-Identifier: BSD-3-Clause */

/* fork, threads, plug-ins and signals in a program that knows nothing of zmalloc. */

#include "preload_support.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 200

static void allocate_and_free(void)
{
    void *blocks[BLOCKS];

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(i * 37);
        if (blocks[i] == NULL)
            abort();
        memset(blocks[i], 1, i * 37);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void *allocate_in_thread(void *argument)
{
    allocate_and_free();
    return argument;
}

/* ---- Threads ---- */

#define BRIEF_THREADS 1000
#define AT_ONCE 50

static void thousands_of_threads_leave_nothing(void **state)
{
    pthread_t threads[AT_ONCE];
    size_t before = 0;

    (void)state;
    for (size_t round = 0; round < BRIEF_THREADS / AT_ONCE; round++) {
        for (size_t i = 0; i < AT_ONCE; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, allocate_in_thread, NULL), 0);
        for (size_t i = 0; i < AT_ONCE; i++)
            pthread_join(threads[i], NULL);
        /* glibc keeps stacks, and with them what they need. */
        if (round == 2)
            before = used_memory();
    }
    assert_true(used_memory() <= before + 4096);
}

static pthread_key_t key;

static void at_thread_exit(void *block)
{
    free(block);
    allocate_and_free();
}

static void *leave_a_block(void *argument)
{
    pthread_setspecific(key, malloc(1000));
    return argument;
}

static void destructors_of_threads_allocate(void **state)
{
    size_t before;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_key_create(&key, at_thread_exit), 0);
    before = used_memory();
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(pthread_create(&thread, NULL, leave_a_block, NULL), 0);
        pthread_join(thread, NULL);
    }
    assert_true(used_memory() <= before + 4096);
    pthread_key_delete(key);
}

/* ---- fork ---- */

static void *never_end(void *argument)
{
    for (;;)
        allocate_and_free();
    return argument;
}

static void fork_often(void)
{
    pthread_t thread;

    for (size_t i = 0; i < 2; i++)
        if (pthread_create(&thread, NULL, never_end, NULL) != 0)
            abort();
    for (size_t i = 0; i < 30; i++) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0) {
            allocate_and_free();
            _exit(0);
        }
        if (waitpid(pid, &status, 0) != pid || status != 0)
            abort();
    }
}

static void children_of_threaded_programs_allocate(void **state)
{
    (void)state;
    assert_child_ends(fork_often);
}

/* Registered after ours, so it runs before. */
static void fork_with_handlers(void)
{
    int status = -1;
    pid_t pid;

    if (pthread_atfork(allocate_and_free, allocate_and_free, allocate_and_free) != 0)
        abort();
    pid = fork();
    if (pid == 0)
        _exit(0);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        abort();
}

static void fork_handlers_allocate(void **state)
{
    (void)state;
    assert_child_ends(fork_with_handlers);
}

/*
 * After the handlers, glibc takes the lock of the list of streams. A thread in fflush(NULL) has it
 * and waits for a stream; one in getline() has the stream and waits for memory. So nothing that an
 * allocation waits for may be locked by a handler. (The situation is that of a test of glibc's.)
 */
static void *read_lines(void *argument)
{
    for (;;) {
        FILE *stream = fopen("/proc/self/maps", "r");
        char *line = NULL;
        size_t size = 0;

        while (stream != NULL && getline(&line, &size, stream) > 0) {
            free(line);
            line = NULL;
        }
        free(line);
        if (stream != NULL)
            fclose(stream);
    }
    return argument;
}

static void *flush_all(void *argument)
{
    for (;;)
        fflush(NULL);
    return argument;
}

static void fork_among_streams(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, read_lines, NULL) != 0 ||
        pthread_create(&thread, NULL, flush_all, NULL) != 0)
        abort();
    for (size_t i = 0; i < 50; i++) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        if (waitpid(pid, &status, 0) != pid || status != 0)
            abort();
    }
    _exit(0);
}

static void forks_among_streams_end(void **state)
{
    (void)state;
#ifndef __GLIBC__
    /* Only glibc's lock of the streams can be taken first. */
    if (strstr(active_backend(), "debug") != NULL)
        skip();
#endif
    assert_child_ends(fork_among_streams);
}

static void vfork_and_spawn_work(void **state)
{
    (void)state;
#ifndef __GLIBC__
    skip(); /* the shell may be for another C library, whose linker ends at our library */
#endif
    for (size_t i = 0; i < 20; i++) {
        FILE *stream = popen("echo text", "r");
        char line[10] = "";

        assert_non_null(stream);
        assert_non_null(fgets(line, sizeof line, stream));
        assert_string_equal(line, "text\n");
        assert_int_equal(pclose(stream), 0);
    }
}

/* ---- Plug-ins ---- */

static void plugins_come_and_go(void **state)
{
    const char *file = getenv("PRELOAD_PLUGIN");
    size_t before = 0;

    (void)state;
    if (file == NULL || *file == '\0') /* this build has no C++ compiler */
        skip();
    for (size_t i = 0; i < 8; i++) {
        void *plugin = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        char *(*make)(void);
        void *symbol;
        char *text;

        assert_non_null(plugin);
        symbol = dlsym(plugin, "plugin_make");
        memcpy(&make, &symbol, sizeof make);
        text = make();
        assert_string_equal(text, "made by a plug-in");
        assert_int_equal(dlclose(plugin), 0);
        free(text);
        if (i == 2)
            before = used_memory();
    }
    assert_true(used_memory() <= before + 4096);
}

/* ---- Signals ---- */

static void *block_of_handler;

static void allocate_in_handler(int signal_number)
{
    (void)signal_number;
    block_of_handler = malloc(100);
}

static void a_handler_that_interrupts_nothing_allocates(void **state)
{
    (void)state;
    signal(SIGUSR1, allocate_in_handler);
    raise(SIGUSR1);
    assert_non_null(block_of_handler);
    free(block_of_handler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_of_threads_leave_nothing),
        cmocka_unit_test(destructors_of_threads_allocate),
        cmocka_unit_test(children_of_threaded_programs_allocate),
        cmocka_unit_test(fork_handlers_allocate),
        cmocka_unit_test(forks_among_streams_end),
        cmocka_unit_test(vfork_and_spawn_work),
        cmocka_unit_test(plugins_come_and_go),
        cmocka_unit_test(a_handler_that_interrupts_nothing_allocates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
