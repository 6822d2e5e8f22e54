/* SPDX-License-Identifier: BSD-3-Clause */

/* The allocator fails at every request in turn, once or from then on, in every function that needs
 * memory: each ends cleanly, with exact accounting. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "watching_backend.h"
#include "zmalloc_fail.h"

#define CHOICE "fail+" WATCHING_BACKEND_NAME

#define LARGE ((size_t)1 << 20)
#define STAMPED 64
#define MOST_LIVE 8
#define ERRNO_BEFORE 4242

/* ---- Blocks that live, and their sum ---- */

struct live {
    void *block;
    size_t size;
};

static struct live live[MOST_LIVE];

static void check_sum(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < MOST_LIVE; i++)
        sum += zmalloc_size(live[i].block);
    EXPECT(zmalloc_used_memory() == sum);
}

static size_t stamped(size_t size)
{
    return size < STAMPED ? size : STAMPED;
}

static void keep(size_t slot, void *block, size_t size)
{
    live[slot] = (struct live){.block = block, .size = size};
    stamp(block, stamped(size), (unsigned)slot);
    check_sum();
}

static void check_contents(size_t slot, size_t size)
{
    EXPECT(has_stamp(live[slot].block, stamped(size < live[slot].size ? size : live[slot].size),
                     (unsigned)slot));
}

static void drop(size_t slot)
{
    void *block = live[slot].block;

    if (block != NULL)
        check_contents(slot, live[slot].size);
    live[slot] = (struct live){0};
    errno = ERRNO_BEFORE;
    if (slot % 2 == 0)
        zfree(block);
    else
        zfree_usable(block, NULL);
    EXPECT(errno == ERRNO_BEFORE);
    check_sum();
}

/* ---- One request ---- */

static void check_answer(const struct allocating_function *function, const void *block, size_t size,
                         size_t usable, size_t failures)
{
    if (block != NULL) {
        EXPECT(failures == 0);
        EXPECT(handler_record.calls == 0);
        EXPECT(!function->tells_usable || usable == zmalloc_usable_size(block));
        return;
    }
    EXPECT(failures == 1);
    EXPECT(errno == ENOMEM);
    EXPECT(usable == (function->tells_usable ? 0 : 1));
    EXPECT(handler_record.calls == (function->calls_handler ? 1 : 0));
    EXPECT(!function->calls_handler || handler_record.size == size);
}

/* Into an empty slot, or one whose block the function takes. */
static void request(const struct allocating_function *function, size_t slot, size_t size)
{
    size_t failures = zmalloc_fail_failures();
    void *old = live[slot].block;
    size_t usable = 1;
    void *block;

    remember_handler_calls();
    errno = 0;
    block = function->call(old, size, &usable);
    check_answer(function, block, size, usable, zmalloc_fail_failures() - failures);
    if (block != NULL) {
        live[slot].block = block;
        check_contents(slot, size);
        keep(slot, block, size);
    } else if (old != NULL) {
        check_contents(slot, live[slot].size);
    }
    check_sum();
}

static void copy_string(size_t slot, char *(*duplicate)(const char *string))
{
    bool calls_handler = duplicate == zstrdup;
    size_t failures = zmalloc_fail_failures();
    char *copy;

    remember_handler_calls();
    errno = 0;
    copy = duplicate("a string of 21 bytes");
    failures = zmalloc_fail_failures() - failures;
    EXPECT((copy == NULL) == (failures == 1));
    EXPECT(handler_record.calls == (calls_handler ? failures : 0));
    if (copy != NULL) {
        EXPECT(strcmp(copy, "a string of 21 bytes") == 0);
        keep(slot, copy, 21);
    } else {
        EXPECT(errno == ENOMEM);
        EXPECT(handler_record.size == (calls_handler ? 21 : 0));
    }
    check_sum();
}

/* What needs no memory still works. */
static void ask_everything(void)
{
    size_t failures = zmalloc_fail_failures();
    size_t allocated;

    EXPECT(zmalloc_peak_memory() >= zmalloc_used_memory());
    zmalloc_reset_peak();
    EXPECT(zmalloc_peak_memory() >= zmalloc_used_memory());
    zmalloc_get_allocator_info(&allocated, NULL, NULL, NULL, NULL);
    EXPECT(zmalloc_get_rss() > 0 || under_emulator());
    EXPECT(zmalloc_get_memory_size() > 0);
    EXPECT(zmalloc_get_smap_bytes_by_field("Rss:", -1) > 0);
    EXPECT(strcmp(zmalloc_backend_name(), CHOICE) == 0);
    EXPECT(strlen(ZMALLOC_LIB) > strlen(CHOICE));
    EXPECT(zmalloc_fail_failures() == failures);
}

/* ---- Scenarios ---- */

typedef void (*scenario)(const void *argument);

static void fail_from(size_t nth, bool forever)
{
    char rules[32];

    snprintf(rules, sizeof rules, "%s:%zu", forever ? "from" : "nth", nth);
    EXPECT(zmalloc_fail(rules) == 0);
}

/* With a failure at every request of the scenario. Returns how many there are. */
static size_t fail_at_each(scenario run, const void *argument, bool forever)
{
    size_t nth = 0;

    do {
        fail_from(++nth, forever);
        run(argument);
        EXPECT(zmalloc_used_memory() == 0);
    } while (zmalloc_fail_failures() > 0);
    zmalloc_fail(NULL);
    return nth - 1;
}

struct job {
    scenario run;
    const void *argument;
    size_t least_requests;
};

static void *run_job(void *argument)
{
    const struct job *job = argument;

    EXPECT(fail_at_each(job->run, job->argument, false) >= job->least_requests);
    EXPECT(fail_at_each(job->run, job->argument, true) >= 1);
    return NULL;
}

/* In this thread, and in one that starts counting with the scenario. */
static void run_everywhere(struct job job)
{
    run_job(&job);
    run_threads(1, run_job, &job);
    assert_int_equal(watching_backend_broken_promises(), 0);
}

/* Requests memory for the first few pieces of the report only. */
static void copy_piece(void *opaque, const char *text)
{
    size_t *pieces = opaque;

    if (++*pieces <= 4)
        zfree(ztrymalloc(strlen(text) + 1));
}

static bool has_report(void)
{
    size_t pieces = 0;
    int result = zmalloc_stats_print(copy_piece, &pieces);

    EXPECT(result == 0 || errno == ENOTSUP);
    EXPECT((result == 0) == (pieces > 0));
    return result == 0;
}

static void print_report(const void *argument)
{
    const bool *expected = argument;

    request(&allocating_functions[0], 0, 100);
    EXPECT(has_report() == *expected);
    drop(0);
}

static void a_report_needs_no_memory_of_ours(void **state)
{
    bool expected = has_report();

    (void)state;
    run_everywhere((struct job){print_report, &expected, expected ? 2 : 1});
}

static void statistics_ask_for_no_block(void **state)
{
    char report[8192];
    size_t before = watching_backend_calls();

    (void)state;
    zfree(zmalloc(1));
    EXPECT(watching_backend_calls() > before);
    before = watching_backend_calls();
    watching_backend_refuse(true);
    EXPECT(zmalloc_stats_json(report, sizeof report) > 0);
    EXPECT(zmalloc_stats_text(report, sizeof report) > 0);
    EXPECT(zmalloc_stats_prometheus(report, sizeof report) > 0);
    EXPECT(zmalloc_get_memory_limit() > 0);
    watching_backend_refuse(false);
    EXPECT(watching_backend_calls() == before);
}

/* Allocates and, if the function can, shrinks the block, grows it, and resizes it to 0. */
static void one_function(const void *argument)
{
    const struct allocating_function *function = argument;

    request(function, 0, 0);
    request(function, 1, 24);
    request(function, 2, 5000);
    request(function, 3, LARGE);
    if (function->takes_block) {
        request(function, 1, 5000);
        request(function, 2, 24);
        request(function, 0, LARGE);
        request(function, 3, 1);
        request(function, 3, LARGE + 1);
    }
    for (size_t slot = 0; slot < MOST_LIVE; slot++)
        drop(slot);
}

static void every_function_comes_to_a_clean_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++)
        run_everywhere((struct job){one_function, &allocating_functions[i], 4});
}

/* Each function in turn, into slots with blocks of the others. */
static void all_functions(const void *argument)
{
    (void)argument;
    for (size_t i = 0; i < allocating_function_count; i++) {
        const struct allocating_function *function = &allocating_functions[i];
        size_t slot = i * 5 % MOST_LIVE;

        if (!function->takes_block)
            drop(slot);
        request(function, slot, 1 + i * i * 17 % 3000);
    }
    drop(0);
    copy_string(0, zstrdup);
    drop(0);
    copy_string(0, ztrystrdup);
    ask_everything();
    for (size_t slot = 0; slot < MOST_LIVE; slot++)
        drop(slot);
}

static void all_functions_together_come_to_a_clean_end(void **state)
{
    (void)state;
    run_everywhere((struct job){all_functions, NULL, allocating_function_count});
}

/* The block loses its alignment, but keeps its contents. */
static void resize_aligned(const void *argument)
{
    const struct allocating_function *function = argument;
    void *block = ztrymalloc_aligned(4096, 100);

    if (block != NULL) {
        keep(0, block, 100);
        request(function, 0, 50);
        request(function, 0, 9000);
    }
    drop(0);
}

static void aligned_blocks_survive_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++)
        if (allocating_functions[i].takes_block)
            run_everywhere((struct job){resize_aligned, &allocating_functions[i], 3});
}

/* ---- The core's promises ---- */

/* The backend itself refuses here, because it never sees what the layer makes fail. */
static void unusual_sizes_do_not_reach_the_backend(void **state)
{
    const size_t sizes[] = {
        0,
        1,
        SIZE_MAX / 4,
        SIZE_MAX / 2 - 4097,
        SIZE_MAX / 2 - 17,
        SIZE_MAX / 2 - 16,
        SIZE_MAX / 2 - 1,
        SIZE_MAX / 2,
        SIZE_MAX - 16,
        SIZE_MAX,
    };

    (void)state;
    remember_handler_calls();
    watching_backend_refuse(true);
    for (size_t i = 0; i < allocating_function_count; i++)
        for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++)
            assert_null(allocating_functions[i].call(NULL, sizes[at], NULL));
    for (size_t alignment = 1; alignment != 0; alignment *= 2)
        for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++)
            assert_null(zmalloc_aligned(alignment, sizes[at]));
    watching_backend_refuse(false);
    zfree(NULL);
    zfree_with_size(NULL, 1);
    zfree_usable(NULL, NULL);
    zmalloc_size(NULL);
    zmalloc_usable_size(NULL);
    assert_int_equal(watching_backend_broken_promises(), 0);
}

/* ---- The default handler, if nothing else prints ---- */

static void die_in_function(void *argument)
{
    const struct allocating_function *function = argument;

    fail_from(1, true);
    zmalloc_set_oom_handler(NULL);
    if (function->call(NULL, 100, NULL) == NULL)
        exit(0);
}

static void the_default_handler_ends_the_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++) {
        struct allocating_function function = allocating_functions[i];
        struct outcome outcome = run_child(die_in_function, &function);

        if (function.calls_handler) {
            assert_killed_by(&outcome, SIGABRT);
            assert_err_is(&outcome, line_of_default_handler(&function, 100));
        } else {
            assert_exited_with(&outcome, 0);
            assert_err_is(&outcome, "");
        }
    }
}

int main(void)
{
    const char *base_name = getenv("ZMALLOC_UNDER_TEST");
    const struct CMUnitTest tests[] = {
        zm_test(every_function_comes_to_a_clean_end),
        zm_test(all_functions_together_come_to_a_clean_end),
        zm_test(aligned_blocks_survive_failures),
        zm_test(a_report_needs_no_memory_of_ours),
        zm_test(statistics_ask_for_no_block),
        zm_test(unusual_sizes_do_not_reach_the_backend),
        zm_test(the_default_handler_ends_the_process),
    };

    EXPECT(watching_backend_register(base_name != NULL ? base_name : "libc") == 0);
    EXPECT(zmalloc_init(CHOICE) == 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
