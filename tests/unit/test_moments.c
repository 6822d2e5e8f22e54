/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Used memory, and that of a zone, at every moment of a call. The processor stops after each
 * instruction, and a handler reads the sum, as another thread might do at that moment. So even the
 * shortest moment with a wrong sum is seen.
 */

#include "support.h"

#include "zmalloc_zone.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

#if defined(__x86_64__) && defined(__linux__)

/* Changes the processor's trap flag, below what the compiler may keep beyond the end of the
 * stack. */
#define CHANGE_FLAGS(instruction)                                                                  \
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"                                                 \
                     "pushfq\n\t" instruction ", (%%rsp)\n\t"                                      \
                     "popfq\n\t"                                                                   \
                     "leaq 128(%%rsp), %%rsp" ::                                                   \
                         : "cc", "memory")
#define STOP_AFTER_EACH_INSTRUCTION() CHANGE_FLAGS("orq $0x100")
#define RUN_ON() CHANGE_FLAGS("andq $~0x100")

#else

#define STOP_AFTER_EACH_INSTRUCTION() ((void)0)
#define RUN_ON() ((void)0)

#endif

static volatile size_t least;
static volatile size_t most;
static volatile size_t moments;
static struct zmalloc_zone *watched; /* or all, if it is NULL */

/* The calls below take no lock that reading takes: their sizes are small, and their threads do not
 * register at that moment. */
static void read_now(int number)
{
    size_t used = watched != NULL ? zmalloc_zone_used(watched) : zmalloc_used_memory();

    (void)number;
    if (used < least)
        least = used;
    if (used > most)
        most = used;
    moments = moments + 1;
}

static void begin(void)
{
    least = SIZE_MAX;
    most = 0;
    moments = 0;
    STOP_AFTER_EACH_INSTRUCTION();
}

static void end(size_t floor, size_t ceiling)
{
    RUN_ON();
    if (moments != 0 && least >= floor && most <= ceiling)
        return;
    fprintf(stderr, "used memory was %zu to %zu in %zu moments; from %zu to %zu was in use\n",
            least, most, moments, floor, ceiling);
    _exit(1);
}

/* ---- Calls ---- */

struct change {
    size_t from;
    size_t to;
};

/* Within a size class and beyond it, with much and little to copy. */
static const struct change changes[] = {{100, 104}, {100, 5000}, {5000, 100}, {24, 300}, {700, 10}};

static size_t smaller(size_t one, size_t other)
{
    return one < other ? one : other;
}

static void watch_reallocation(struct change change)
{
    void *block = zmalloc(change.from);
    size_t before = zmalloc_used_memory();
    size_t others = before - zmalloc_size(block);
    size_t after;

    begin();
    block = zrealloc(block, change.to);
    RUN_ON();
    after = others + zmalloc_size(block);
    end(smaller(before, after), before + zmalloc_size(block));
    zfree(block);
}

static void watch_reallocation_in_zone(struct change change)
{
    struct zmalloc_zone *zone = zmalloc_zone_create("watched", NULL);
    void *block = zmalloc_in(zone, change.from);
    size_t before = zmalloc_zone_used(zone);
    size_t after;

    watched = zone;
    begin();
    block = zrealloc_in(zone, block, change.to);
    RUN_ON();
    after = zmalloc_size(block);
    end(smaller(before, after), before + after);
    watched = NULL;
    zfree_in(zone, block);
    child_check(zmalloc_zone_destroy(zone, NULL) == 0);
}

static void watch_allocation(void *(*allocate)(size_t size), size_t size)
{
    size_t before = zmalloc_used_memory();
    size_t with_block;
    void *block;

    begin();
    block = allocate(size);
    RUN_ON();
    with_block = before + zmalloc_size(block);
    end(before, with_block);
    begin();
    zfree(block);
    end(before, with_block);
    child_check(zmalloc_used_memory() == before);
}

static void *allocate_aligned(size_t size)
{
    return zmalloc_aligned(64, size);
}

static void watch_all(void *argument)
{
    (void)argument;
    for (size_t i = 0; i < LENGTH(changes); i++)
        watch_reallocation(changes[i]);
    for (size_t i = 0; i < LENGTH(changes); i++)
        watch_reallocation_in_zone(changes[i]);
    watch_allocation(zmalloc, 100);
    watch_allocation(zcalloc, 3000);
    watch_allocation(allocate_aligned, 500);
}

/* ---- In each state of a thread ---- */

static void register_thread(void)
{
    for (size_t i = 0; i < 100; i++)
        zfree(zmalloc(100));
}

static void catch_moments(void)
{
    struct sigaction action = {.sa_handler = read_now};

    sigaction(SIGTRAP, &action, NULL);
    STOP_AFTER_EACH_INSTRUCTION();
    RUN_ON();
}

static bool can_stop(void)
{
    catch_moments();
    return moments != 0;
}

static void begin_to_watch(void)
{
    catch_moments();
    register_thread();
}

static void watch_when_registered(void *argument)
{
    begin_to_watch();
    watch_all(argument);
    child_check(zmalloc_used_memory() == 0);
}

static void *watch_as_new(void *argument)
{
    watch_all(argument);
    return NULL;
}

static void run_thread(void *(*body)(void *argument), void *argument)
{
    pthread_t thread;

    child_check(pthread_create(&thread, NULL, body, argument) == 0);
    child_check(pthread_join(thread, NULL) == 0);
    child_check(zmalloc_used_memory() == 0);
}

static void watch_when_new(void *argument)
{
    begin_to_watch();
    run_thread(watch_as_new, argument);
}

static void *end_late(void *key)
{
    register_thread();
    child_check(pthread_setspecific(*(pthread_key_t *)key, key) == 0);
    return NULL;
}

/* The library's own destructor runs first, because its key is older. */
static void watch_when_late(void *argument)
{
    pthread_key_t key;

    (void)argument;
    begin_to_watch();
    child_check(pthread_key_create(&key, watch_all) == 0);
    run_thread(end_late, &key);
}

static void assert_within_bounds(void (*watch)(void *argument))
{
    struct outcome outcome;

    if (UNDER_SANITIZER || under_valgrind() || !can_stop())
        skip();
    outcome = run_child(watch, NULL);
    assert_exited_with(&outcome, 0);
}

static void no_moment_is_out_of_bounds(void **state)
{
    (void)state;
    assert_within_bounds(watch_when_registered);
}

static void no_moment_is_out_of_bounds_as_a_thread_begins(void **state)
{
    (void)state;
    assert_within_bounds(watch_when_new);
}

static void no_moment_is_out_of_bounds_as_a_thread_ends(void **state)
{
    (void)state;
    assert_within_bounds(watch_when_late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(no_moment_is_out_of_bounds),
        zm_test(no_moment_is_out_of_bounds_as_a_thread_begins),
        zm_test(no_moment_is_out_of_bounds_as_a_thread_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
