/* SPDX-License-Identifier: BSD-3-Clause */

/* The soft limit: pressure as a number and as a descriptor, in both directions, and in a child. */

#include "support.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static bool is_readable(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, 0) == 1 && (one.revents & POLLIN) != 0;
}

static void set_soft_limit(size_t bytes)
{
    assert_int_equal(zmalloc_set_soft_limit(bytes), 0);
}

static void no_limit_is_no_pressure(void **state)
{
    void *block = zmalloc(4 * MIB);

    (void)state;
    assert_int_equal(zmalloc_pressure(), 0);
    zfree(block);
}

static void pressure_comes_and_goes(void **state)
{
    int fd = zmalloc_pressure_fd();
    void *block = zmalloc(MIB);
    void *more;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(zmalloc_pressure_fd(), fd);
    set_soft_limit(3 * MIB);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(zmalloc_pressure(), 0);
        assert_false(is_readable(fd));
        more = zmalloc(3 * MIB);
        assert_true(is_readable(fd));
        assert_int_equal(zmalloc_pressure(), 1);
        zfree(more);
        assert_int_equal(zmalloc_pressure(), 0);
        assert_false(is_readable(fd));
    }
    set_soft_limit(SIZE_MAX);
    zfree(block);
}

/* It is seen by the allocation that exceeds it, or within 64 KiB. */
static void small_blocks_cause_it_too(void **state)
{
    void *blocks[3000];
    size_t count = 0;

    (void)state;
    set_soft_limit(MIB);
    while (count < 3000 && zmalloc_pressure() == 0)
        blocks[count++] = zmalloc(1000);
    assert_between(zmalloc_used_memory(), MIB, MIB + 200000);
    while (count > 0)
        zfree(blocks[--count]);
    assert_int_equal(zmalloc_pressure(), 0);
    set_soft_limit(SIZE_MAX);
}

static void bytes_from_elsewhere_cause_it(void **state)
{
    (void)state;
    set_soft_limit(MIB);
    assert_int_equal(zmalloc_external(2 * (ptrdiff_t)MIB), 2 * MIB);
    assert_int_equal(zmalloc_pressure(), 1);
    assert_int_equal(zmalloc_external(-2 * (ptrdiff_t)MIB), 0);
    assert_int_equal(zmalloc_pressure(), 0);
    set_soft_limit(SIZE_MAX);
}

static void raising_the_limit_ends_it(void **state)
{
    void *block = zmalloc(2 * MIB);

    (void)state;
    set_soft_limit(MIB);
    assert_int_equal(zmalloc_pressure(), 1);
    set_soft_limit(4 * MIB);
    assert_int_equal(zmalloc_pressure(), 0);
    set_soft_limit(SIZE_MAX);
    zfree(block);
}

static void the_resident_set_may_cause_it(void **state)
{
    (void)state;
    skip_under_emulator("has no resident set of the program");
    zmalloc_limit_rss(1);
    set_soft_limit(1);
    assert_int_equal(zmalloc_pressure(), 1);
    set_soft_limit(SIZE_MAX / 4);
    assert_int_equal(zmalloc_pressure(), 0);
    set_soft_limit(SIZE_MAX);
    zmalloc_limit_rss(0);
}

/* ---- Threads that come to the descriptor at the same time ---- */

static void *cross(void *argument)
{
    for (size_t i = 0; i < scaled(500); i++)
        zfree(zmalloc(2 * MIB));
    zmalloc_pressure();
    return argument;
}

static void the_descriptor_agrees_in_the_end(void **state)
{
    int fd = zmalloc_pressure_fd();
    pthread_t threads[4];

    (void)state;
    leave_blocks_untouched();
    set_soft_limit(3 * MIB);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, cross, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(zmalloc_pressure(), 0);
    assert_false(is_readable(fd));
    set_soft_limit(SIZE_MAX);
}

/* ---- A child ---- */

static void be_a_child(int of_parent)
{
    void *block = zmalloc(4 * MIB);
    int fd = zmalloc_pressure_fd();

    child_check(fd >= 0 && fd != of_parent);
    child_check(zmalloc_pressure() == 1 && is_readable(fd));
    zfree(block);
    _exit(0);
}

static void a_child_does_not_wake_its_parent(void **state)
{
    int fd = zmalloc_pressure_fd();
    int status = -1;
    pid_t child;

    (void)state;
    set_soft_limit(3 * MIB);
    assert_false(is_readable(fd));
    child = fork();
    if (child == 0)
        be_a_child(fd);
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
    assert_false(is_readable(fd));
    set_soft_limit(SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(no_limit_is_no_pressure),          zm_test(pressure_comes_and_goes),
        zm_test(small_blocks_cause_it_too),        zm_test(bytes_from_elsewhere_cause_it),
        zm_test(raising_the_limit_ends_it),        zm_test(the_resident_set_may_cause_it),
        zm_test(the_descriptor_agrees_in_the_end), zm_test(a_child_does_not_wake_its_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
