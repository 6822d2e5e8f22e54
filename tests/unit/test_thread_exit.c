/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Threads that end, and keep allocating and freeing meanwhile: in the program's key destructors,
 * before ours and after it, in every round of them. The keys before ours have to be made before the
 * choice, so all this happens in a separate program: this one, with the name of the backend as its
 * argument.
 */

#include "support.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* ---- What threads leave to others ---- */

#define LEFT_BEHIND 32

static _Atomic(void *) left_behind[LEFT_BEHIND];

static void leave_and_take(unsigned number)
{
    void *block = zmalloc(100 + number % 700);

    child_check(block != NULL);
    stamp(block, 100, 5);
    block = atomic_exchange(&left_behind[number % LEFT_BEHIND], block);
    child_check(block == NULL || has_stamp(block, 100, 5));
    zfree(block);
}

static size_t sum_left_behind(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < LEFT_BEHIND; i++)
        sum += zmalloc_size(left_behind[i]);
    return sum;
}

static void free_left_behind(void)
{
    for (size_t i = 0; i < LEFT_BEHIND; i++)
        zfree(atomic_exchange(&left_behind[i], NULL));
}

static void allocate_and_free(unsigned pairs)
{
    for (unsigned i = 0; i < pairs; i++)
        leave_and_take(i);
}

/* ---- The life of a thread ---- */

#define KEYS 4
#define KEYS_BEFORE_OURS 2

static pthread_key_t keys[KEYS];

struct life {
    unsigned body_pairs;   /* what it does before it ends */
    unsigned body_frees;   /* what it frees of others */
    unsigned visit_pairs;  /* what each call of a key destructor does */
    unsigned silent;       /* initial rounds in which destructors do nothing */
    unsigned rounds[KEYS]; /* how often each destructor is to run */
    void *gifts[128];
};

struct visit {
    struct life *life;
    unsigned key;
    unsigned done;
    void *carried; /* from one round to the next */
};

struct whole_life {
    struct life life;
    struct visit visits[KEYS];
};

static void visit_again(void *argument)
{
    struct visit *visit = argument;

    visit->done++;
    zfree(visit->carried);
    visit->carried = NULL;
    if (visit->done > visit->life->silent)
        allocate_and_free(visit->life->visit_pairs);
    if (visit->done == visit->life->rounds[visit->key])
        return;
    if (visit->done > visit->life->silent && visit->life->visit_pairs > 1)
        visit->carried = zmalloc(333);
    child_check(pthread_setspecific(keys[visit->key], visit) == 0);
}

static void *live(void *argument)
{
    struct whole_life *whole = argument;

    for (unsigned i = 0; i < KEYS; i++) {
        whole->visits[i] = (struct visit){.life = &whole->life, .key = i};
        child_check(pthread_setspecific(keys[i], &whole->visits[i]) == 0);
    }
    for (unsigned i = 0; i < whole->life.body_frees; i++)
        zfree(whole->life.gifts[i]);
    allocate_and_free(whole->life.body_pairs);
    return NULL;
}

/* ---- All the lives there are ---- */

static const struct {
    unsigned pairs;
    unsigned frees;
} bodies[] = {{0, 0}, {2, 0}, {100, 0}, {0, 20}, {0, 100}, {20, 100}};

static const unsigned visits[] = {1, 100};

/* A thread is safe whose first 64 operations do not end in the last round, and which does not touch
 * the allocator there for the first time. */
static bool is_safe(const struct life *life)
{
    bool is_registered = 2 * life->body_pairs + life->body_frees >= 64;
    bool is_known = life->body_pairs + life->body_frees > 0;

    if (life->silent < PTHREAD_DESTRUCTOR_ITERATIONS - 1 || is_registered)
        return true;
    return is_known && life->visit_pairs == 1;
}

/* In the last round destructors run that were set in the one before. */
static struct life make_life(unsigned body, unsigned visit, unsigned silent, unsigned rounds)
{
    struct life life = {
        .body_pairs = bodies[body].pairs,
        .body_frees = bodies[body].frees,
        .visit_pairs = visits[visit],
        .silent = silent,
    };

    for (unsigned i = 0; i < KEYS; i++)
        life.rounds[i] = (rounds + i) % PTHREAD_DESTRUCTOR_ITERATIONS + 1;
    return life;
}

static void give(struct life *life)
{
    for (unsigned i = 0; i < life->body_frees; i++)
        life->gifts[i] = zmalloc(50 + i);
}

static struct whole_life whole_lives[256];

static size_t make_all_lives(void)
{
    size_t count = 0;

    for (unsigned body = 0; body < LENGTH(bodies); body++)
        for (unsigned visit = 0; visit < LENGTH(visits); visit++)
            for (unsigned silent = 0; silent < PTHREAD_DESTRUCTOR_ITERATIONS; silent++)
                for (unsigned rounds = 0; rounds < PTHREAD_DESTRUCTOR_ITERATIONS; rounds++) {
                    struct life life = make_life(body, visit, silent, rounds);

                    if (is_safe(&life))
                        whole_lives[count++].life = life;
                }
    child_check(count > 100 && count <= LENGTH(whole_lives));
    return count;
}

/* On 32 bits all the stacks have to leave room for the allocator's segments. */
static void start(pthread_t *thread, struct whole_life *whole)
{
    pthread_attr_t attributes;

    give(&whole->life);
    child_check(pthread_attr_init(&attributes) == 0);
    child_check(pthread_attr_setstacksize(&attributes, 256 << 10) == 0);
    child_check(pthread_create(thread, &attributes, live, whole) == 0);
    child_check(pthread_attr_destroy(&attributes) == 0);
}

static void live_one_by_one(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pthread_t thread;

        start(&thread, &whole_lives[i]);
        child_check(pthread_join(thread, NULL) == 0);
        child_check(zmalloc_used_memory() == sum_left_behind());
    }
}

static void live_all_at_once(size_t count)
{
    pthread_t threads[LENGTH(whole_lives)];

    for (size_t i = 0; i < count; i++)
        start(&threads[i], &whole_lives[i]);
    for (size_t i = 0; i < count; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    child_check(zmalloc_used_memory() == sum_left_behind());
}

static void make_keys(size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        child_check(pthread_key_create(&keys[i], visit_again) == 0);
}

static int live_with_keys_around_ours(const char *backend)
{
    /* mimalloc 2.0.9 loses a segment of each thread that allocates in the last round, on 32 bits 4 MiB of 4 GiB. */
    bool has_room = sizeof(size_t) > sizeof(uint32_t) || strstr(backend, "mimalloc") == NULL;
    size_t times = has_room ? scaled(10) : 1;
    size_t count = make_all_lives();

    make_keys(0, KEYS_BEFORE_OURS);
    child_check(zmalloc_init(backend) == 0);
    make_keys(KEYS_BEFORE_OURS, KEYS);
    for (size_t i = 0; i < times; i++) {
        live_one_by_one(count);
        live_all_at_once(count);
    }
    free_left_behind();
    child_check(zmalloc_used_memory() == 0);
    return 0;
}

static const char *program;

static void destructors_of_keys_may_allocate(void **state)
{
    const char *const arguments[] = {program, backend_under_test(), NULL};
    const char *const environment[] = {"ZMALLOC_BACKEND", NULL};
    struct outcome outcome;

    (void)state;
    if (UNDER_THREAD_SANITIZER)
        skip(); /* it is gone itself in the last round */
    outcome = run_program(arguments, environment);
    assert_exited_with(&outcome, 0);
}

/* ---- What a thread that is gone has counted stays ---- */

#define ENDED 20

struct ended {
    unsigned pairs;
    void *kept[2];
};

static void *keep_and_end(void *argument)
{
    struct ended *ended = argument;

    ended->kept[0] = zmalloc(1000);
    for (unsigned i = 0; i < ended->pairs; i++)
        zfree(zmalloc(i));
    ended->kept[1] = zmalloc(10000);
    if (ended->pairs % 2 != 0)
        pthread_exit(NULL);
    return NULL;
}

static void *keep_and_be_cancelled(void *argument)
{
    keep_and_end(argument);
    for (;;)
        pause();
    return NULL;
}

static void end_threads(void *argument)
{
    size_t used = 0;

    (void)argument;
    for (unsigned i = 0; i < ENDED; i++) {
        struct ended ended = {.pairs = 10 * i + i / 4};
        bool cancelled = i % 5 == 0;
        pthread_t thread;

        ended.pairs &= cancelled ? ~1U : ~0U;
        child_check(pthread_create(&thread, NULL, cancelled ? keep_and_be_cancelled : keep_and_end,
                                   &ended) == 0);
        child_check(!cancelled || pthread_cancel(thread) == 0);
        child_check(pthread_join(thread, NULL) == 0);
        used = zmalloc_size(ended.kept[0]) + zmalloc_size(ended.kept[1]);
        child_check(zmalloc_used_memory() == used);
        zfree(ended.kept[0]);
        zfree(ended.kept[1]);
        child_check(zmalloc_used_memory() == 0);
    }
}

static void ended_threads_stay_counted(void **state)
{
    struct outcome outcome = run_child(end_threads, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

/* ---- The main thread may end before the others ---- */

static void *outlive_main(void *argument)
{
    pthread_t main_thread = *(pthread_t *)argument;
    void *block = zmalloc(5000);

    child_check(pthread_join(main_thread, NULL) == 0);
    child_check(zmalloc_used_memory() == zmalloc_size(block) + sum_left_behind());
    free_left_behind();
    zfree(block);
    child_check(zmalloc_used_memory() == 0);
    _exit(0);
}

static void end_main_first(void *argument)
{
    static pthread_t main_thread;
    pthread_t thread;

    (void)argument;
    allocate_and_free(100);
    main_thread = pthread_self();
    child_check(pthread_create(&thread, NULL, outlive_main, &main_thread) == 0);
    pthread_exit(NULL);
}

static void main_thread_may_end_first(void **state)
{
    struct outcome outcome;

    (void)state;
    if (UNDER_THREAD_SANITIZER)
        skip(); /* it cannot join the main thread */
    if (!first_thread_of_child_may_end()) {
        print_message("skipped: with this C library nobody can join the first thread of a child\n");
        skip();
    }
    outcome = run_child(end_main_first, NULL);
    assert_exited_with(&outcome, 0);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        zm_test(ended_threads_stay_counted),
        zm_test(main_thread_may_end_first),
        zm_test(destructors_of_keys_may_allocate),
    };

    if (count > 1)
        return live_with_keys_around_ours(arguments[1]);
    program = arguments[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
