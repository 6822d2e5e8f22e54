/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What tests start to see what becomes of signals, and of ZMALLOC_STATS with them: does the one thing
 * that its argument names.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support.h"
#include "zmalloc_zone.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static void send_to_process(int number)
{
    child_check(kill(getpid(), number) == 0);
}

static void hold(int how, int number)
{
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, number);
    child_check(pthread_sigmask(how, &one, NULL) == 0);
}

static void ask_twice(void)
{
    errno = EDOM;
    raise(SIGUSR1);
    raise(SIGUSR1);
    child_check(errno == EDOM);
}

static void end_by_term(void)
{
    send_to_process(SIGTERM);
    for (;;)
        pause();
}

static void fault(void)
{
    int *volatile nowhere = (int *)8;

    *nowhere = 1;
}

static volatile sig_atomic_t handled;

static void handle(int number)
{
    handled = number;
}

static void handle_by_itself(void)
{
    child_check(signal(SIGTERM, handle) != SIG_ERR && signal(SIGUSR1, handle) != SIG_ERR);
    raise(SIGTERM);
    child_check(handled == SIGTERM);
    raise(SIGUSR1);
    child_check(handled == SIGUSR1);
}

static bool has_early_handler;

/* Before the library is loaded: SIGUSR2 is the program's. */
static void set_early_handler(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc == 2 && strcmp(argv[1], "early handler") == 0)
        has_early_handler = signal(SIGUSR2, handle) != SIG_ERR;
}

#ifdef __GLIBC__
__attribute__((section(".preinit_array"),
               used)) static void (*const first)(int, char **, char **) = set_early_handler;
#endif

static void raise_to_early_handler(void)
{
    char *arguments[] = {"", "early handler", NULL};

    if (!has_early_handler) /* no C library but glibc calls it */
        set_early_handler(2, arguments, NULL);
    raise(SIGUSR2);
    child_check(handled == SIGUSR2);
}

static void raise_usr1_and_term(void)
{
    raise(SIGUSR1);
    raise(SIGTERM);
}

static void hold_and_let_come(void)
{
    hold(SIG_BLOCK, SIGTERM);
    raise(SIGTERM);
    child_check(write(STDOUT_FILENO, "held\n", 5) == 5);
    hold(SIG_UNBLOCK, SIGTERM);
}

/* Held back before and after it waits. */
static void wait_for_it(void)
{
    sigset_t nothing;

    sigemptyset(&nothing);
    hold(SIG_BLOCK, SIGTERM);
    raise(SIGTERM);
    sigsuspend(&nothing);
    child_check(write(STDOUT_FILENO, "waited\n", 7) == 7);
}

static void fork_child_that_ends(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        end_by_term();
    child_check(pid > 0 && waitpid(pid, &status, 0) == pid);
    child_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* It shares the memory, also that in which reports are built. */
static void vfork_child_that_ends(void)
{
    int status;
    pid_t pid = vfork();

    if (pid == 0)
        for (;;)
            kill(getpid(), SIGTERM); /* musl's raise() means the thread that has called vfork() */
    child_check(pid > 0 && waitpid(pid, &status, 0) == pid);
    child_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void become_another(void)
{
    child_check(unsetenv("ZMALLOC_STATS") == 0);
    exec_program((const char *const[]){path_beside("signal-program"), "term", NULL});
}

static void ask_before_the_choice(void)
{
    char text[100];

    errno = 0;
    child_check(zmalloc_stats_in_handler("json", text, sizeof text) == -1 && errno == EAGAIN);
    raise(SIGUSR1);
}

static void *churn(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;
    void *blocks[32] = {NULL};

    for (size_t i = 0; i < 300; i++) {
        size_t place = next_random(&random) % LENGTH(blocks);

        blocks[place] = zrealloc(blocks[place], 1 + (size_t)(next_random(&random) % 3000));
    }
    for (size_t i = 0; i < LENGTH(blocks); i++)
        zfree(blocks[i]);
    return argument;
}

/*
 * Each thread is asked again and again, whatever it is doing. A signal that comes while the same is
 * pending is lost, so each round waits until every thread has had one.
 */
static struct {
    atomic_size_t round; /* how many have had all their signals sent */
    atomic_bool stop;
    sem_t had;
} asking;

static void *churn_on(void *argument)
{
    size_t rounds = 0;

    while (!atomic_load(&asking.stop)) {
        churn(argument);
        if (atomic_load(&asking.round) == rounds)
            continue;
        sched_yield(); /* it comes at the end of a system call at the latest */
        child_check(sem_post(&asking.had) == 0);
        rounds++;
    }
    return argument;
}

static void ask_threads_at_work(void)
{
    size_t rounds = scaled(30);
    pthread_t threads[3];

    child_check(sem_init(&asking.had, 0, 0) == 0);
    for (size_t i = 0; i < LENGTH(threads); i++)
        child_check(pthread_create(&threads[i], NULL, churn_on, (void *)(i + 7)) == 0);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < 10 * LENGTH(threads); i++)
            child_check(pthread_kill(threads[i % LENGTH(threads)], SIGUSR1) == 0 &&
                        churn(threads) != NULL);
        atomic_fetch_add(&asking.round, 1);
        for (size_t i = 0; i < LENGTH(threads); i++)
            while (sem_wait(&asking.had) != 0)
                child_check(errno == EINTR);
    }
    atomic_store(&asking.stop, true);
    for (size_t i = 0; i < LENGTH(threads); i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    printf("%zu\n", rounds);
}

static void *end_by_int(void *argument)
{
    raise(SIGINT);
    return argument;
}

static void end_twice_at_once(void)
{
    pthread_t thread;

    child_check(pthread_create(&thread, NULL, end_by_int, NULL) == 0);
    raise(SIGTERM);
}

static void exit_and_end_at_once(void)
{
    pthread_t thread;

    child_check(pthread_create(&thread, NULL, end_by_int, NULL) == 0);
    exit(0);
}

static void fail_by_abort(void)
{
    abort();
}

static void do_nothing(void)
{
}

#define ZONES 255

/* As many as there can be, with names that take as much room as any. */
static void end_with_many_zones(void)
{
    struct zmalloc_zone *parent = NULL;
    char name[64];

    memset(name, 0xff, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < ZONES; i++) {
        parent = zmalloc_zone_create(name, i % 2 == 0 ? NULL : parent);
        if (parent == NULL || zmalloc_zone_set_limit(parent, SIZE_MAX / 4) != 0)
            exit(126);
    }
    end_by_term();
}

static const struct part {
    const char *name;
    void (*body)(void);
    bool without_block; /* it begins before there is a backend */
} parts[] = {
    {"nothing", do_nothing, false},
    {"ask twice", ask_twice, false},
    {"term", end_by_term, false},
    {"fault", fault, false},
    {"abort", fail_by_abort, false},
    {"own handlers", handle_by_itself, false},
    {"early handler", raise_to_early_handler, false},
    {"usr1 and term", raise_usr1_and_term, false},
    {"held", hold_and_let_come, false},
    {"sigsuspend", wait_for_it, false},
    {"fork", fork_child_that_ends, false},
    {"vfork", vfork_child_that_ends, false},
    {"exec", become_another, false},
    {"before the choice", ask_before_the_choice, true},
    {"at work", ask_threads_at_work, false},
    {"end twice", end_twice_at_once, false},
    {"exit and end", exit_and_end_at_once, false},
    {"many zones", end_with_many_zones, false},
};

/* "raise NUMBER", or the name of a part. */
int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";

    if (strncmp(name, "raise ", 6) == 0) {
        zfree(zmalloc(1));
        return raise(atoi(name + 6));
    }
    for (size_t i = 0; i < LENGTH(parts); i++) {
        if (strcmp(parts[i].name, name) != 0)
            continue;
        if (!parts[i].without_block)
            zfree(zmalloc(1));
        parts[i].body();
        return 0;
    }
    return 126;
}
