/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What zmalloc_purge() and zmalloc_thread_idle() give back. A purge that leaves much to other
 * threads says so; it reaches that once those threads have called zmalloc_thread_idle().
 */

#include "support.h"
#include "zmalloc_backend.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define KIB ((size_t)1 << 10)
#define MIB (KIB << 10)

#define BLOCK 1000
#define BLOCKS ((size_t)64 * MIB / BLOCK)

static void *blocks[BLOCKS];

/* Layers pass on what is asked for here. */
static const struct zmalloc_backend *table(void)
{
    const struct zmalloc_backend *found = zmalloc_backend_table(name_without_layers());

    child_check(found != NULL);
    return found;
}

static void take_all(void)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = zmalloc(BLOCK);
        memset(blocks[i], 1, BLOCK);
    }
}

static void give_all(void)
{
    for (size_t i = 0; i < BLOCKS; i++)
        zfree(blocks[i]);
}

/* A sanitizer keeps freed blocks, and valgrind replaces malloc. */
static bool memory_is_the_allocators(void)
{
    return !UNDER_SANITIZER && !under_valgrind();
}

/* As much as was taken, within a quarter. An allocator without a purge may keep everything. An
 * emulator has no resident set. */
static bool was_given_back(size_t with_blocks)
{
    return under_emulator() || zmalloc_get_rss() + BLOCKS * BLOCK / 4 * 3 <= with_blocks;
}

/* ---- One thread ---- */

static void purge_alone(void *argument)
{
    size_t with_blocks;
    int result;

    (void)argument;
    take_all();
    with_blocks = zmalloc_get_rss();
    give_all();
    errno = 0;
    result = zmalloc_purge();
    child_check(result == 0 || (result == -1 && errno == ENOTSUP));
    child_check(result != 0 || !memory_is_the_allocators() || was_given_back(with_blocks));
    child_check(zmalloc_used_memory() == 0);
}

/* A child has one thread, but the thread sanitizer and an emulator start another. */
static void a_purge_of_one_thread_reaches_all(void **state)
{
    struct outcome outcome;

    (void)state;
    if (UNDER_THREAD_SANITIZER)
        skip();
    skip_under_emulator("starts a thread of its own");
    outcome = run_child(purge_alone, NULL);
    assert_exited_with(&outcome, 0);
}

/* ---- What another thread took ---- */

struct meeting {
    pthread_barrier_t barrier;
    int idle; /* what zmalloc_thread_idle() has returned to the other thread */
    int error;
};

static void *take_and_wait(void *argument)
{
    struct meeting *meeting = argument;

    take_all();
    pthread_barrier_wait(&meeting->barrier);
    pthread_barrier_wait(&meeting->barrier);
    errno = 0;
    meeting->idle = zmalloc_thread_idle();
    meeting->error = errno;
    pthread_barrier_wait(&meeting->barrier);
    pthread_barrier_wait(&meeting->barrier);
    return NULL;
}

static void purge_what_another_took(size_t with_blocks)
{
    int result;

    errno = 0;
    result = zmalloc_purge();
    child_check(result == 0 || result == 1 || (result == -1 && errno == ENOTSUP));
    if (result == 0 && memory_is_the_allocators())
        child_check(was_given_back(with_blocks));
}

static void check_idle(const struct meeting *meeting, size_t with_blocks)
{
    bool can = table()->thread_idle != NULL;

    child_check(meeting->idle == (can ? 0 : -1));
    child_check(can || meeting->error == ENOTSUP);
    zmalloc_purge();
    if (can && memory_is_the_allocators())
        child_check(was_given_back(with_blocks));
}

/* In a separate child, because what other tests left would be given back as well. */
static void take_in_another_thread(void *argument)
{
    struct meeting meeting;
    size_t with_blocks;
    pthread_t thread;

    (void)argument;
    pthread_barrier_init(&meeting.barrier, NULL, 2);
    child_check(pthread_create(&thread, NULL, take_and_wait, &meeting) == 0);
    pthread_barrier_wait(&meeting.barrier);
    with_blocks = zmalloc_get_rss();
    give_all();
    purge_what_another_took(with_blocks);
    pthread_barrier_wait(&meeting.barrier);
    pthread_barrier_wait(&meeting.barrier);
    check_idle(&meeting, with_blocks);
    pthread_barrier_wait(&meeting.barrier);
    child_check(pthread_join(thread, NULL) == 0);
    child_check(zmalloc_used_memory() == 0);
}

static void what_another_thread_took_is_given_back_or_told_of(void **state)
{
    struct outcome outcome = run_child(take_in_another_thread, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

/* ---- Idle threads ---- */

#define THREADS 4
#define HELD 50
#define ROUNDS 200

static void *idle_between_blocks(void *argument)
{
    void *held[HELD];

    (void)argument;
    zmalloc_thread_idle(); /* may be the first call of the thread */
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < HELD; i++) {
            held[i] = zmalloc(i * i + round);
            stamp(held[i], i * i + round, i);
        }
        zmalloc_thread_idle();
        for (unsigned i = 0; i < HELD; i++) {
            child_check(has_stamp(held[i], i * i + round, i));
            zfree(held[i]);
        }
        zmalloc_thread_idle();
    }
    return NULL;
}

static void idle_threads_go_on(void **state)
{
    (void)state;
    run_threads(THREADS, idle_between_blocks, NULL);
    assert_int_equal(zmalloc_used_memory(), 0);
}

static void idle_at_the_end(void *block)
{
    child_check(zmalloc_thread_idle() == (table()->thread_idle != NULL ? 0 : -1));
    zfree(block);
    zmalloc_thread_idle();
}

static void *end_idle(void *argument)
{
    pthread_key_t *key = argument;

    child_check(pthread_setspecific(*key, zmalloc(100)) == 0);
    return NULL;
}

static void threads_are_idle_in_their_destructors_too(void **state)
{
    pthread_key_t key;

    (void)state;
    assert_int_equal(pthread_key_create(&key, idle_at_the_end), 0);
    run_threads(THREADS, end_idle, &key);
    pthread_key_delete(key);
    assert_int_equal(zmalloc_used_memory(), 0);
}

static void be_idle_in_child(void *block)
{
    zmalloc_thread_idle();
    zfree(block);
    zfree(zmalloc(1000));
    child_check(zmalloc_thread_idle() == (table()->thread_idle != NULL ? 0 : -1));
    child_check(zmalloc_used_memory() == 0);
}

static void a_forked_child_is_idle(void **state)
{
    void *block = zmalloc(100);
    struct outcome outcome = run_child(be_idle_in_child, block);

    (void)state;
    zfree(block);
    assert_exited_with(&outcome, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_purge_of_one_thread_reaches_all),
        zm_test(what_another_thread_took_is_given_back_or_told_of),
        zm_test(idle_threads_go_on),
        zm_test(threads_are_idle_in_their_destructors_too),
        zm_test(a_forked_child_is_idle),
    };

    leave_blocks_untouched();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
