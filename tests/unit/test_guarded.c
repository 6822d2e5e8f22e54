/* SPDX-License-Identifier: BSD-3-Clause */

/* Guarded samples, of every block here: what touches memory around a block or after it was freed ends the
 * process, with a line that says which block it was. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"
#include "zmalloc_sample.h"
#include "zmalloc_zone.h"

/* Samples begin within 64 KiB; and the first blocks of a process are others'. */
static void begin(void)
{
    child_check(zmalloc_sample_start(1) == 0);
    for (int i = 0; i < 100; i++)
        zfree(ztrymalloc(4000));
}

static void *volatile hidden; /* from the compiler, which sees what is wrong */

static volatile char *block_of(size_t size)
{
    hidden = zmalloc(size);
    return hidden;
}

/* ---- What is wrong with a program ---- */

#define WHOLE_SLOT ((size_t)64 << 10)

static void overflow(void *size)
{
    volatile char *block;

    begin();
    block = block_of(*(size_t *)size);
    block[*(size_t *)size] = 1;
}

static void overflow_by_reading(void *size)
{
    volatile char *block;

    begin();
    block = block_of(*(size_t *)size);
    child_check(block[*(size_t *)size + 100] == 0);
}

static void underflow(void *size)
{
    volatile char *block;

    begin();
    block = block_of(*(size_t *)size);
    block[-4096] = 1;
}

/* A block that takes all pages of its slot: what is before it is the guard of another. */
static void underflow_by_one(void *size)
{
    volatile char *block;

    begin();
    block = block_of(*(size_t *)size);
    block[-1] = 1;
}

static void use_after_free(void *size)
{
    volatile char *block;

    begin();
    block = block_of(*(size_t *)size);
    zfree(hidden);
    block[1] = 1;
}

static void free_twice(void *size)
{
    begin();
    block_of(*(size_t *)size);
    zfree(hidden);
    zfree(hidden);
}

static void free_within(void *size)
{
    begin();
    block_of(*(size_t *)size);
    hidden = (char *)hidden + 16;
    zfree(hidden);
}

static void small_overflow(void *size)
{
    volatile char *block;

    begin();
    block = block_of(*(size_t *)size);
    block[*(size_t *)size] = 1;
    zfree(hidden);
}

static void assert_line(const struct outcome *outcome, const char *pattern)
{
    if (strstr(outcome->err, pattern) == NULL || strchr(outcome->err, '\n') == NULL)
        fail_msg("stderr is not like \"%s\": %s", pattern, outcome->err);
}

static void each_fault_is_told(void **state)
{
    static const struct {
        void (*program)(void *size);
        size_t size;
        int signal;
        const char *what;
    } rows[] = {
        {overflow, 64, SIGSEGV,
         ": outside of a block: byte 1 past its end; block of 64 bytes, allocated at "},
        {overflow_by_reading, 4096, SIGSEGV,
         ": outside of a block: byte 101 past its end; block of 4096 bytes"},
        {underflow, 32, SIGSEGV, " before its start; block of 32 bytes, allocated at "},
        {underflow_by_one, WHOLE_SLOT, SIGSEGV,
         ": outside of a block: byte 1 before its start; block of 65536 bytes"},
        {use_after_free, 100, SIGSEGV,
         ": it was freed before: byte 2 of it; block of 100 bytes, allocated at "},
        {free_twice, 100, SIGABRT, ": it was freed before; block of 100 bytes, allocated at "},
        {free_within, 100, SIGABRT,
         ": it is no block, but in one; block of 100 bytes, allocated at "},
        {small_overflow, 100, SIGABRT, ": overflow; block of 100 bytes, allocated at "},
    };

    (void)state;
    if (UNDER_SANITIZER || under_valgrind())
        skip(); /* it handles faults itself */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size = rows[i].size;
        struct outcome outcome = run_child(rows[i].program, &size);

        assert_killed_by(&outcome, rows[i].signal);
        assert_line(&outcome, "zmalloc: sample: ");
        assert_line(&outcome, rows[i].what);
        assert_line(&outcome, "; now at ");
    }
}

/* ---- The program's own handler ---- */

static void end_well(int number)
{
    (void)number;
    _exit(7);
}

static void overflow_with_handler(void *when)
{
    volatile char *block;

    if (*(int *)when == 0)
        signal(SIGSEGV, end_well);
    begin();
    if (*(int *)when == 1)
        signal(SIGSEGV, end_well);
    block = block_of(64);
    block[64] = 1;
}

static void the_programs_handler_comes_after(void **state)
{
    (void)state;
    if (UNDER_SANITIZER || under_valgrind())
        skip();
    for (int when = 0; when < 2; when++) {
        struct outcome outcome = run_child(overflow_with_handler, &when);

        assert_exited_with(&outcome, 7);
        assert_line(&outcome, ": outside of a block: byte 1 past its end");
    }
}

static void fault_elsewhere(void *ignored)
{
    volatile char *volatile nowhere = NULL;

    (void)ignored;
    begin();
    *nowhere = 1;
}

static void raised(void *ignored)
{
    (void)ignored;
    begin();
    raise(SIGSEGV);
}

static void end_with_address(int number, siginfo_t *info, void *context)
{
    (void)context;
    _exit(number == SIGSEGV && info->si_addr == NULL ? 8 : 9);
}

static void fault_with_handler(void *ignored)
{
    signal(SIGSEGV, end_well);
    fault_elsewhere(ignored);
}

static void fault_with_handler_of_three(void *ignored)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};

    action.sa_sigaction = end_with_address;
    sigaction(SIGSEGV, &action, NULL);
    fault_elsewhere(ignored);
}

static void other_faults_stay_as_they_are(void **state)
{
    static const struct {
        void (*program)(void *ignored);
        int ending; /* the exit status, or 0: it is killed */
    } rows[] = {
        {fault_elsewhere, 0},
        {raised, 0},
        {fault_with_handler, 7},
        {fault_with_handler_of_three, 8},
    };

    (void)state;
    if (UNDER_SANITIZER || under_valgrind())
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct outcome outcome = run_child(rows[i].program, NULL);

        if (rows[i].ending == 0)
            assert_killed_by(&outcome, SIGSEGV);
        else
            assert_exited_with(&outcome, rows[i].ending);
        assert_err_is(&outcome, "");
    }
}

/* ---- What is right with it ---- */

static int start_guarding(void **state)
{
    (void)state;
    begin();
    return 0;
}

static int stop_guarding(void **state)
{
    return zmalloc_sample_stop() != 0 ? -1 : teardown_nothing_used(state);
}

#define guarded_test(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, start_guarding, stop_guarding)

static void blocks_work_as_others(void **state)
{
    static volatile size_t too_much = SIZE_MAX; /* the compiler would see */
    size_t usable;
    char *block;

    (void)state;
    for (size_t size = 1; size < 100000; size = 3 * size + 1) {
        size_t before = zmalloc_used_memory();

        block = zmalloc_usable(size, &usable);
        assert_true(usable >= size);
        assert_int_equal(zmalloc_usable_size(block), usable);
        assert_true(zmalloc_used_memory() >= before + size);
        assert_int_equal((uintptr_t)block % (size >= 16 ? 16 : size >= 8 ? 8 : 1), 0);
        stamp(block, size, 3);
        block = zrealloc(block, 2 * size);
        assert_true(has_stamp(block, size, 3));
        block = zrealloc_usable(block, size, &usable);
        assert_true(has_stamp(block, size, 3));
        zfree_usable(block, &usable);
        assert_true(usable >= size);
        block = zcalloc(size);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(block[i], 0);
        assert_true(zmalloc_size(block) >= size);
        zfree_with_size(block, size);
        block = zmalloc_aligned(256, size);
        assert_int_equal((uintptr_t)block % 256, 0);
        assert_null(zrealloc(block, 0));
        assert_int_equal(zmalloc_used_memory(), before);
    }
    zfree_usable(zmalloc(100), NULL);
    block = zmalloc_no_tcache(100);
    assert_true(zmalloc_worth_moving(block) <= 0);
    zfree_no_tcache(block);
    block = zmalloc_usable(0, &usable);
    assert_int_equal(zmalloc_usable_size(block), usable);
    zfree(block);
    block = zmalloc_aligned(8192, 100);
    assert_int_equal((uintptr_t)block % 8192, 0);
    assert_null(ztryrealloc(block, too_much));
    assert_null(ztryrealloc(zmalloc(100), too_much));
    block = zmalloc(100);
    assert_null(zrealloc_usable(block, 0, &usable));
    assert_int_equal(usable, 0);
    block = zmalloc(100);
    stamp(block, 100, 5);
    assert_null(ztryrealloc(block, BEYOND_ADDRESS_SPACE));
    assert_true(has_stamp(block, 100, 5));
    zfree(block);
}

/* As all are when slots are used up, or no sample is taken. */
static void other_blocks_work_as_well(void **state)
{
    size_t usable;
    char *block;

    (void)state;
    assert_int_equal(zmalloc_sample_stop(), 0);
    for (int i = 0; i < 100; i++)
        zfree(zmalloc(4000));
    block = zmalloc(100);
    usable = zmalloc_usable_size(block);
    assert_true(usable >= 100 && zmalloc_size(block) >= usable);
    stamp(block, 100, 8);
    block = zrealloc(block, 300);
    assert_true(has_stamp(block, 100, 8));
    zfree_usable(block, &usable);
    assert_true(usable >= 300);
    zfree_usable(zmalloc(100), NULL);
    zfree_with_size(zmalloc(100), 100);
    zfree_no_tcache(zmalloc_no_tcache(100));
    zfree(zmalloc(100));
    assert_null(zrealloc(zmalloc(100), 0));
}

static void blocks_in_a_zone_are_not_guarded(void **state)
{
    struct zmalloc_zone *zone = zmalloc_zone_create("zone", NULL);
    char *block = zmalloc_in(zone, 100);

    (void)state;
    stamp(block, 100, 6);
    /* It stays in its zone, and in nobody's slot. */
    assert_int_equal(zmalloc_zone_used(zone), zmalloc_size(block));
    assert_true(has_stamp(block, 100, 6));
    zfree_in(zone, block);
    assert_int_equal(zmalloc_zone_destroy(zone, NULL), 0);
}

/* More than there are slots: the others are ordinary blocks. */
static void slots_run_out(void **state)
{
    enum { COUNT = 1000 };
    static char *blocks[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = zmalloc(100);
        stamp(blocks[i], 100, (unsigned)i);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(has_stamp(blocks[i], 100, (unsigned)i));
        zfree(blocks[i]);
    }
}

static void *churn(void *argument)
{
    (void)argument;
    for (int i = 0; i < 2000; i++) {
        char *block = ztrymalloc(100 + (size_t)i);

        stamp(block, 100, (unsigned)i);
        child_check(has_stamp(block, 100, (unsigned)i));
        zfree(block);
    }
    return NULL;
}

static void threads_share_the_slots(void **state)
{
    (void)state;
    run_threads(4, churn, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_told),
        cmocka_unit_test(the_programs_handler_comes_after),
        cmocka_unit_test(other_faults_stay_as_they_are),
        guarded_test(blocks_work_as_others),
        guarded_test(other_blocks_work_as_well),
        guarded_test(blocks_in_a_zone_are_not_guarded),
        guarded_test(slots_run_out),
        guarded_test(threads_share_the_slots),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
