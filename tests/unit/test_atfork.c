/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Handlers of pthread_atfork, while other threads work. Those registered after the choice of the
 * backend may allocate and free; those registered before, even before the library's own handlers,
 * may read used memory. With an argument, the name of a backend, this program makes the choice
 * itself.
 */

#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define THREADS 6
#define CHILD_SECONDS 60

static void ask(void)
{
    size_t used = zmalloc_used_memory();

    child_check(used < SIZE_MAX / 2);
    child_check(zmalloc_peak_memory() >= used);
}

/* ---- Before the library ---- */

static bool before_is_registered;
static unsigned asked_before;
static unsigned asked_after;

static void ask_before(void)
{
    ask();
    asked_before++;
}

static void ask_after(void)
{
    ask();
    asked_after++;
}

static void register_first(void)
{
    before_is_registered = pthread_atfork(ask_before, ask_after, ask_after) == 0;
}

/* The program's, before any library's constructor. Some C libraries ignore it. */
__attribute__((section(".preinit_array"),
               used)) static void (*const before_constructors)(void) = register_first;

/* ---- After the choice ---- */

struct holder {
    unsigned prepared;
    unsigned went_on;
    void *held;
};

static struct holder holders[3];
static size_t holder_count;

/* More than the allocator can serve without a lock. */
static void allocate_much(void)
{
    static void *blocks[400];

    for (size_t i = 0; i < LENGTH(blocks); i++)
        blocks[i] = zmalloc(500 + i * 10);
    blocks[0] = zrealloc(blocks[0], 100000);
    for (size_t i = 0; i < LENGTH(blocks); i++)
        zfree(blocks[i]);
}

static void prepare(struct holder *holder)
{
    ask();
    allocate_much();
    holder->held = zmalloc(12345);
    holder->prepared++;
}

static void go_on(struct holder *holder)
{
    ask();
    zfree(holder->held);
    allocate_much();
    holder->went_on++;
}

#define HANDLERS(number)                                                                           \
    static void prepare_##number(void)                                                             \
    {                                                                                              \
        prepare(&holders[number]);                                                                 \
    }                                                                                              \
    static void go_on_##number(void)                                                               \
    {                                                                                              \
        go_on(&holders[number]);                                                                   \
    }
HANDLERS(0)
HANDLERS(1)
HANDLERS(2)

static void register_handlers(void (*before)(void), void (*after)(void))
{
    child_check(pthread_atfork(before, after, after) == 0);
    holder_count++;
}

/* If the variable is set, the choice has been made already. */
__attribute__((constructor)) static void register_in_constructor(void)
{
    if (getenv("ZMALLOC_BACKEND") != NULL)
        register_handlers(prepare_0, go_on_0);
}

/* ---- Forks under them ---- */

static _Atomic(void *) shelf[64];
static atomic_bool stop;

static void *work(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;

    for (size_t i = 1; !atomic_load(&stop); i++) {
        uint64_t number = next_random(&random);
        void *block = zmalloc((size_t)(number >> 32) % 5000);

        zfree(atomic_exchange(&shelf[number % LENGTH(shelf)], block));
        if (i % 256 == 0)
            usleep(200);
    }
    return NULL;
}

static void check_handlers(unsigned forks)
{
    child_check(!before_is_registered || (asked_before == forks && asked_after == forks));
    for (size_t i = 0; i < holder_count; i++)
        child_check(holders[i].prepared == forks && holders[i].went_on == forks);
}

static void fork_once(unsigned forks)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(CHILD_SECONDS);
        check_handlers(forks);
        allocate_much();
        _exit(0);
    }
    child_check(pid > 0 && waitpid(pid, &status, 0) == pid);
    child_check(status == 0);
    check_handlers(forks);
}

static void forget_forks(void)
{
    asked_before = asked_after = 0;
    for (size_t i = 0; i < LENGTH(holders); i++)
        holders[i] = (struct holder){0};
}

static void fork_while_others_work(void)
{
    /* A sanitizer's malloc does not work in a child forked while threads use it. */
    size_t count = UNDER_SANITIZER ? 0 : THREADS;
    pthread_t threads[THREADS];

    forget_forks();
    for (size_t i = 0; i < count; i++)
        child_check(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) == 0);
    for (unsigned i = 1; i <= scaled(15); i++)
        fork_once(i);
    atomic_store(&stop, true);
    for (size_t i = 0; i < count; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    for (size_t i = 0; i < LENGTH(shelf); i++)
        zfree(shelf[i]);
    child_check(zmalloc_used_memory() == 0);
}

/* ---- The choice made when the library was loaded ---- */

static void register_more_and_fork(void *argument)
{
    (void)argument;
    register_handlers(prepare_1, go_on_1);
    zfree(zmalloc(1));
    register_handlers(prepare_2, go_on_2);
    child_check(holder_count == 3);
    fork_while_others_work();
}

static void handlers_may_allocate(void **state)
{
    struct outcome outcome = run_child(register_more_and_fork, NULL);

    (void)state;
#ifdef __GLIBC__
    assert_true(before_is_registered);
#endif
    if (!before_is_registered)
        print_message("skipped: this C library lets nobody register before the library\n");
    assert_exited_with(&outcome, 0);
}

/* ---- The choice made by the program ---- */

static int choose_and_fork(const char *backend)
{
    child_check(holder_count == 0);
    child_check(zmalloc_init(backend) == 0);
    register_handlers(prepare_0, go_on_0);
    fork_while_others_work();
    return 0;
}

static const char *program;

static void handlers_may_allocate_after_a_late_choice(void **state)
{
    const char *const arguments[] = {program, backend_under_test(), NULL};
    const char *const environment[] = {"ZMALLOC_BACKEND", NULL};
    struct outcome outcome = run_program(arguments, environment);

    (void)state;
    assert_exited_with(&outcome, 0);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        zm_test(handlers_may_allocate),
        zm_test(handlers_may_allocate_after_a_late_choice),
    };

    if (count > 1)
        return choose_and_fork(arguments[1]);
    program = arguments[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
