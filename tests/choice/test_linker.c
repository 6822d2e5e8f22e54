/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A plug-in may call the library in its constructor, while it holds the dynamic linker's lock. At
 * that moment another thread may be in a function of the library that waits for the linker. Neither
 * may wait for ever.
 */

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "choice_support.h"
#include "zmalloc_backend.h"

#define SECONDS_MAX 20 /* the tests take one second at most */

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* A child no longer has the other thread, and the thread sanitizer reports it as never joined. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return "report_thread_leaks=0";
}

/* What the constructor of linker_plugin.c calls. */
void plugin_is_loaded(void);

static void list(void)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        child_check(info.name != NULL);
}

static void ask_for_one(void)
{
    child_check(zmalloc_init("libc") == 0 || errno == EBUSY);
}

static void ask_for_one_that_is_not_there(void)
{
    child_check(zmalloc_init("nothere") == -1);
}

static void ask_for_module(void)
{
    child_check(zmalloc_init("toy") == 0 || errno == EBUSY);
}

static void ask_for_table(void)
{
    child_check(zmalloc_backend_table("toy") != NULL);
}

static void ask_for_names(void)
{
    child_check(strcmp(zmalloc_backend_version(), "") != 0);
    child_check(strchr(ZMALLOC_LIB, '-') != NULL);
}

static void allocate(void)
{
    zfree(zmalloc(100));
}

static void make_child(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        allocate();
        _exit(zmalloc_used_memory() == 0 ? 0 : 1);
    }
    child_check(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

/* ---- Two threads ---- */

struct meeting {
    void (*meanwhile)(void); /* what the other thread runs */
    void (*on_load)(void);   /* what the plug-in does */
};

static const struct meeting *meeting;
static atomic_bool is_loaded;

/* Gives the other thread time to block on the linker; there is no way to ask whether it has. */
static void give_time(void)
{
    struct timespec time = {.tv_nsec = 20 * 1000 * 1000};

    nanosleep(&time, NULL);
}

void plugin_is_loaded(void)
{
    atomic_store(&is_loaded, true);
    give_time();
    meeting->on_load();
}

static void *be_another(void *argument)
{
    while (!atomic_load(&is_loaded))
        continue;
    meeting->meanwhile();
    return argument;
}

static void meet(void *argument)
{
    pthread_t other;

    meeting = argument;
    alarm(SECONDS_MAX);
    child_check(pthread_create(&other, NULL, be_another, NULL) == 0);
    child_check(dlopen(path_beside("linker-plugin.so"), RTLD_NOW | RTLD_LOCAL) != NULL);
    child_check(pthread_join(other, NULL) == 0);
    allocate();
    child_check(zmalloc_used_memory() == 0);
}

static void choose_and_meet(void *argument)
{
    child_check(zmalloc_init("libc") == 0);
    meet(argument);
}

static void (*const calls[])(void) = {list,          ask_for_one,   ask_for_one_that_is_not_there,
                                      ask_for_table, ask_for_names, allocate,
                                      make_child};

static void nobody_waits_for_ever(void (*body)(void *argument), struct meeting both)
{
    struct outcome outcome = run_child(body, &both);

    assert_prints(&outcome, "");
}

static void with_a_backend_no_call_holds_up_a_plugin(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(calls); i++)
        for (size_t j = 0; j < LENGTH(calls); j++)
            nobody_waits_for_ever(choose_and_meet, (struct meeting){calls[i], calls[j]});
}

/* One thread waits for the module while the other makes the choice. */
static void nor_does_the_choice(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(calls); i++)
        nobody_waits_for_ever(meet, (struct meeting){ask_for_module, calls[i]});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(with_a_backend_no_call_holds_up_a_plugin),
        zm_test(nor_does_the_choice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
