/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Two requests for the same room under a limit, at the worst moment: one of them has been asked for,
 * and is not counted yet. A backend of the test's own keeps it there until the other thread gets
 * memory, which is the mistake, or waits. Waiting threads yield, so this program has sched_yield().
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "choice_support.h"
#include "zmalloc_backend.h"
#include "zmalloc_zone.h"

#define LIMIT ((size_t)3 << 20)
#define MOST_OF_IT ((size_t)2 << 20)

static pthread_barrier_t both_are_there;
static atomic_bool other_waits;
static atomic_uint entered; /* requests that got as far as the backend */
static bool first_gets_none;

/* ---- The backend, and what waiting threads call ---- */

static int yield(void)
{
    return (int)syscall(SYS_sched_yield);
}

__attribute__((visibility("default"))) int sched_yield(void)
{
    atomic_store(&other_waits, true);
    return yield();
}

static void *alloc(size_t size, size_t *usable)
{
    if (size >= MOST_OF_IT && atomic_fetch_add(&entered, 1) == 0) {
        pthread_barrier_wait(&both_are_there);
        while (!atomic_load(&other_waits) && atomic_load(&entered) == 1)
            yield();
        child_check(atomic_load(&entered) == 1);
        if (first_gets_none)
            return NULL;
    }
    return zmalloc_backend_module.alloc(size, usable);
}

static void bring_backend(void)
{
    static struct zmalloc_backend backend;

    backend = zmalloc_backend_module;
    backend.name = "mine";
    backend.alloc = alloc;
    child_check(zmalloc_register_backend(&backend) == 0 && zmalloc_init("mine") == 0);
}

/* ---- The requests ---- */

/* The zone, or NULL for a limit of the process. */
static struct zmalloc_zone *zone;

static void *request(void)
{
    return zone != NULL ? ztrymalloc_in(zone, MOST_OF_IT) : ztrymalloc(MOST_OF_IT);
}

static void give_back(void *ptr)
{
    if (zone != NULL)
        zfree_in(zone, ptr);
    else
        zfree(ptr);
}

static void *request_first(void *argument)
{
    void **block = argument;

    *block = request();
    return NULL;
}

static void request_twice(void)
{
    pthread_t thread;
    void *first;
    void *second;

    child_check(pthread_barrier_init(&both_are_there, NULL, 2) == 0);
    child_check(pthread_create(&thread, NULL, request_first, &first) == 0);
    pthread_barrier_wait(&both_are_there);
    errno = 0;
    second = request();
    child_check(second != NULL || errno == ENOMEM);
    child_check(pthread_join(thread, NULL) == 0);
    child_check(atomic_load(&other_waits));
    child_check((first == NULL) == first_gets_none);
    child_check((second == NULL) == !first_gets_none);
    give_back(first_gets_none ? second : first);
    child_check(zmalloc_used_memory() == 0);
}

static void under_limit_of_process(void *argument)
{
    first_gets_none = argument != NULL;
    bring_backend();
    child_check(zmalloc_set_limit(LIMIT) == 0);
    request_twice();
}

static void under_limit_of_zone(void *argument)
{
    struct zmalloc_zone *outer;

    first_gets_none = argument != NULL;
    bring_backend();
    outer = zmalloc_zone_create("outer", NULL);
    child_check(outer != NULL && zmalloc_zone_set_limit(outer, LIMIT) == 0);
    zone = zmalloc_zone_create("inner", outer);
    child_check(zone != NULL);
    request_twice();
}

static void runs(void (*body)(void *argument), bool with_failure)
{
    struct outcome outcome = run_child(body, with_failure ? &first_gets_none : NULL);

    assert_prints(&outcome, "");
}

static void the_second_waits_and_is_refused(void **state)
{
    (void)state;
    runs(under_limit_of_process, false);
}

static void it_gets_the_room_if_the_first_got_no_memory(void **state)
{
    (void)state;
    runs(under_limit_of_process, true);
}

static void so_it_is_under_the_limit_of_a_zone(void **state)
{
    (void)state;
    runs(under_limit_of_zone, false);
    runs(under_limit_of_zone, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_waits_and_is_refused),
        cmocka_unit_test(it_gets_the_room_if_the_first_got_no_memory),
        cmocka_unit_test(so_it_is_under_the_limit_of_a_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
