/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Processes with threads that fork: the child allocates, frees and counts as its parent did,
 * whatever the other threads were doing. Called with an argument this program is what the tests
 * start: it allocates, frees and exits.
 */

#include "support.h"

#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define THREADS 16
#define CHILD_SECONDS 60

extern char **environ;

static char *program;

static void in_child(void (*body)(void *argument))
{
    struct outcome outcome = run_child(body, NULL);

    assert_exited_with(&outcome, 0);
}

/* With threads at work. The malloc of a sanitizer does not always work in their child. */
static void in_child_at_work(void (*body)(void *argument))
{
    if (UNDER_SANITIZER)
        skip();
    in_child(body);
}

static void wait_for(pid_t pid)
{
    int status = -1;

    child_check(pid > 0);
    child_check(waitpid(pid, &status, 0) == pid);
    child_check(status == 0);
}

/* Runs body in a child with a watchdog of its own. */
static void fork_and_wait(void (*body)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(CHILD_SECONDS);
        body();
        _exit(0);
    }
    wait_for(pid);
}

/* Blocks of all sizes, up to those that the allocator gets from the system one by one. */
static void allocate_count_and_free(void)
{
    size_t before = zmalloc_used_memory();
    size_t held = 0;
    void *blocks[100];

    for (size_t i = 0; i < LENGTH(blocks); i++) {
        blocks[i] = zmalloc(i % 50 == 0 ? 300000 : 1 + i * i);
        child_check(blocks[i] != NULL);
        blocks[i] = zrealloc(blocks[i], 20 + i * 100);
        held += zmalloc_size(blocks[i]);
    }
    child_check(zmalloc_used_memory() == before + held);
    for (size_t i = 0; i < LENGTH(blocks); i++)
        zfree(blocks[i]);
    child_check(zmalloc_used_memory() == before);
}

/* ---- Threads at work ---- */

#define SHELF 256
#define LARGEST 1000

static _Atomic(void *) shelf[SHELF];
static atomic_bool stop;

/* With short breaks, that children may run on few processors. */
static void *work(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;

    for (size_t i = 1; !atomic_load(&stop); i++) {
        uint64_t number = next_random(&random);
        void *block = zmalloc((size_t)(number >> 32) % LARGEST);

        zfree(atomic_exchange(&shelf[number % SHELF], block));
        if (i % 256 == 0)
            usleep(200);
    }
    return NULL;
}

/* Registers, and is gone. */
static void *live_shortly(void *argument)
{
    for (size_t i = 0; i < 50; i++)
        zfree(zmalloc(i));
    return argument;
}

static void *start_short_threads(void *argument)
{
    while (!atomic_load(&stop)) {
        pthread_t thread;

        child_check(pthread_create(&thread, NULL, live_shortly, NULL) == 0);
        child_check(pthread_join(thread, NULL) == 0);
    }
    return argument;
}

static void *read_the_sum(void *argument)
{
    while (!atomic_load(&stop))
        child_check(zmalloc_used_memory() < SIZE_MAX / 2);
    return argument;
}

static void start_work(pthread_t threads[THREADS])
{
    void *(*const bodies[THREADS])(void *argument) = {start_short_threads, read_the_sum};

    for (size_t i = 0; i < THREADS; i++)
        child_check(pthread_create(&threads[i], NULL, bodies[i] != NULL ? bodies[i] : work,
                                   (void *)(uintptr_t)i) == 0);
    while (atomic_load(&shelf[0]) == NULL || atomic_load(&shelf[SHELF - 1]) == NULL)
        usleep(100);
}

static size_t clear_shelf(void)
{
    size_t held = 0;

    for (size_t i = 0; i < SHELF; i++) {
        void *block = atomic_exchange(&shelf[i], NULL);

        held += zmalloc_size(block);
        zfree(block);
    }
    return held;
}

static void end_work(pthread_t threads[THREADS])
{
    atomic_store(&stop, true);
    for (size_t i = 0; i < THREADS; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    clear_shelf();
    child_check(zmalloc_used_memory() == 0);
}

/* Besides what is on the shelf each thread may have two blocks in hand. */
static void take_over_the_work(void)
{
    size_t in_hand_at_most = (size_t)THREADS * 2 * 2 * LARGEST;
    size_t used = zmalloc_used_memory();
    size_t held;

    allocate_count_and_free();
    held = clear_shelf();
    child_check(held > 0 && held <= used);
    child_check(zmalloc_used_memory() == used - held);
    child_check(used - held <= in_hand_at_most);
    allocate_count_and_free();
    child_check(zmalloc_used_memory() == used - held);
}

static void fork_at_work(void *argument)
{
    pthread_t threads[THREADS];

    (void)argument;
    start_work(threads);
    for (size_t i = 0; i < 50 * test_scale(); i++)
        fork_and_wait(take_over_the_work);
    end_work(threads);
}

static void children_of_busy_threads_go_on(void **state)
{
    (void)state;
    in_child_at_work(fork_at_work);
}

/* ---- Forks in a thread that is not the main one, while the others work ---- */

static void *fork_in_thread(void *argument)
{
    for (size_t i = 0; i < 10 * test_scale(); i++)
        fork_and_wait(take_over_the_work);
    return argument;
}

static void fork_in_threads_at_work(void *argument)
{
    pthread_t threads[THREADS];
    pthread_t forking[2];

    (void)argument;
    start_work(threads);
    for (size_t i = 0; i < LENGTH(forking); i++)
        child_check(pthread_create(&forking[i], NULL, fork_in_thread, NULL) == 0);
    for (size_t i = 0; i < LENGTH(forking); i++)
        child_check(pthread_join(forking[i], NULL) == 0);
    end_work(threads);
}

static void children_of_threads_go_on(void **state)
{
    (void)state;
    in_child_at_work(fork_in_threads_at_work);
}

/* ---- Threads that wait, in each state of their lives: here all is known exactly ---- */

#define KEPT_MAX 100

static pthread_key_t late_key;
static pthread_barrier_t all_wait;
static pthread_barrier_t all_may_go;

struct waiter {
    size_t count;
    bool late; /* waits in a key destructor */
    void *kept[KEPT_MAX];
};

/* The last is the main thread. */
static struct waiter waiters[] = {
    {.count = 1},   {.count = 0},   {.count = 30, .late = true},  {.count = 5},
    {.count = 100}, {.count = 100}, {.count = 100, .late = true}, {.count = 90},
};

#define WAITING (LENGTH(waiters) - 1)

static void keep(struct waiter *waiter)
{
    for (size_t i = 0; i < waiter->count; i++)
        waiter->kept[i] = zmalloc(100 + i * 3);
}

static void wait_in_destructor(void *argument)
{
    zfree(zmalloc(100));
    pthread_barrier_wait(&all_wait);
    pthread_barrier_wait(&all_may_go);
    (void)argument;
}

static void *keep_and_wait(void *argument)
{
    struct waiter *waiter = argument;

    keep(waiter);
    if (waiter->late)
        child_check(pthread_setspecific(late_key, waiter) == 0);
    else
        wait_in_destructor(waiter);
    return NULL;
}

static size_t sum_kept(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < LENGTH(waiters); i++)
        for (size_t j = 0; j < waiters[i].count; j++)
            sum += zmalloc_size(waiters[i].kept[j]);
    return sum;
}

static void free_kept(void)
{
    for (size_t i = 0; i < LENGTH(waiters); i++)
        for (size_t j = 0; j < waiters[i].count; j++)
            zfree(waiters[i].kept[j]);
}

static void start_waiters(pthread_t threads[WAITING])
{
    child_check(pthread_key_create(&late_key, wait_in_destructor) == 0);
    pthread_barrier_init(&all_wait, NULL, WAITING + 1);
    pthread_barrier_init(&all_may_go, NULL, WAITING + 1);
    for (size_t i = 0; i < WAITING; i++)
        child_check(pthread_create(&threads[i], NULL, keep_and_wait, &waiters[i]) == 0);
    keep(&waiters[WAITING]);
    pthread_barrier_wait(&all_wait);
}

/* Their stacks and thread-local storage are those of the parent's threads. The thread sanitizer
 * allows no threads here. */
static void run_threads_in_child(void)
{
    pthread_t threads[10];

    if (UNDER_THREAD_SANITIZER)
        return;
    for (size_t i = 0; i < LENGTH(threads); i++)
        child_check(pthread_create(&threads[i], NULL, live_shortly, NULL) == 0);
    for (size_t i = 0; i < LENGTH(threads); i++)
        child_check(pthread_join(threads[i], NULL) == 0);
}

static void free_all_kept(void)
{
    size_t used = zmalloc_used_memory();

    child_check(used == sum_kept());
    allocate_count_and_free();
    run_threads_in_child();
    child_check(zmalloc_used_memory() == used);
    child_check(zmalloc_peak_memory() >= used);
    free_kept();
    child_check(zmalloc_used_memory() == 0);
    zmalloc_reset_peak();
    child_check(zmalloc_peak_memory() == 0);
    allocate_count_and_free();
}

/* The child's first thread ends as any other does, and the process goes on. */
static void *free_after_the_first(void *argument)
{
    child_check(pthread_join(*(pthread_t *)argument, NULL) == 0);
    free_all_kept();
    _exit(0);
}

static void end_the_first_thread(void)
{
    static pthread_t first;
    pthread_t thread;

    first = pthread_self();
    live_shortly(NULL);
    child_check(pthread_create(&thread, NULL, free_after_the_first, &first) == 0);
    pthread_exit(NULL);
}

static void fork_again_then_free(void)
{
    size_t used = zmalloc_used_memory();

    fork_and_wait(free_all_kept);
    child_check(zmalloc_used_memory() == used);
    free_all_kept();
}

static void fork_thrice_then_free(void)
{
    run_threads_in_child();
    fork_and_wait(fork_again_then_free);
    fork_again_then_free();
}

static void fork_with_waiters(void *argument)
{
    pthread_t threads[WAITING];
    size_t used;

    (void)argument;
    start_waiters(threads);
    used = sum_kept();
    child_check(zmalloc_used_memory() == used);
    fork_and_wait(free_all_kept);
    fork_and_wait(fork_thrice_then_free);
    if (!UNDER_THREAD_SANITIZER)
        fork_and_wait(end_the_first_thread);
    child_check(zmalloc_used_memory() == used);
    pthread_barrier_wait(&all_may_go);
    for (size_t i = 0; i < WAITING; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    child_check(zmalloc_used_memory() == used);
    free_kept();
    child_check(zmalloc_used_memory() == 0);
}

static void the_sum_is_exact_in_children(void **state)
{
    (void)state;
    in_child(fork_with_waiters);
}

/* ---- fork in a thread that is at its end ---- */

static pthread_key_t forking_key;

static void free_all_left(void)
{
    child_check(zmalloc_used_memory() == zmalloc_size(shelf[0]));
    zfree(shelf[0]);
    child_check(zmalloc_used_memory() == 0);
    allocate_count_and_free();
}

static void fork_in_destructor(void *argument)
{
    (void)argument;
    fork_and_wait(free_all_left);
}

static void *leave_and_fork_at_the_end(void *argument)
{
    live_shortly(NULL);
    shelf[0] = zmalloc(700);
    child_check(pthread_setspecific(forking_key, &forking_key) == 0);
    return argument;
}

static void fork_at_the_end(void *argument)
{
    pthread_t thread;

    (void)argument;
    child_check(pthread_key_create(&forking_key, fork_in_destructor) == 0);
    child_check(pthread_create(&thread, NULL, leave_and_fork_at_the_end, NULL) == 0);
    child_check(pthread_join(thread, NULL) == 0);
    free_all_left();
}

static void a_thread_may_fork_in_its_destructors(void **state)
{
    (void)state;
    in_child(fork_at_the_end);
}

/* ---- Other ways to start a process ---- */

static char *const program_arguments[] = {(char *)(uintptr_t) "test-fork",
                                          (char *)(uintptr_t) "run", NULL};

static void execute(void)
{
    execv(program, program_arguments);
}

static void execute_from_vfork(void)
{
    pid_t pid = vfork();

    if (pid == 0) {
        execv(program, program_arguments);
        _exit(127);
    }
    wait_for(pid);
}

static void spawn(void)
{
    pid_t pid = 0;

    child_check(posix_spawn(&pid, program, NULL, NULL, program_arguments, environ) == 0);
    wait_for(pid);
}

static void start_programs_at_work(void *argument)
{
    pthread_t threads[THREADS];

    (void)argument;
    start_work(threads);
    for (size_t i = 0; i < 10 * test_scale(); i++) {
        fork_and_wait(execute);
        execute_from_vfork();
        spawn();
    }
    end_work(threads);
}

static void programs_start_from_busy_threads(void **state)
{
    (void)state;
    in_child(start_programs_at_work);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        zm_test(the_sum_is_exact_in_children),     zm_test(a_thread_may_fork_in_its_destructors),
        zm_test(children_of_busy_threads_go_on),   zm_test(children_of_threads_go_on),
        zm_test(programs_start_from_busy_threads),
    };

    if (count > 1) {
        allocate_count_and_free();
        return zmalloc_used_memory() == 0 ? 0 : 1;
    }
    program = arguments[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
