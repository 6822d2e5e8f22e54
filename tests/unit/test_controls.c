/* SPDX-License-Identifier: BSD-3-Clause */

/* What the active allocator offers besides blocks: sizes in advance, its own report, its own
 * controls. A backend says what it lacks; what it reports must be true. */

#include "api.h"
#include "zmalloc_backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGEST ((size_t)32 << 20)

/* Layers pass on what is asked for here. */
static const struct zmalloc_backend *table(void)
{
    const struct zmalloc_backend *found = zmalloc_backend_table(name_without_layers());

    assert_non_null(found);
    return found;
}

/* ---- Sizes ---- */

static void assert_good(size_t size)
{
    size_t good = zmalloc_good_size(size);
    void *block = zmalloc(size);

    if (good != 0 && good != zmalloc_usable_size(block))
        print_error("%zu: told %zu, is %zu\n", size, good, zmalloc_usable_size(block));
    assert_true(good == 0 || good == zmalloc_usable_size(block));
    zfree(block);
}

static void a_good_size_is_what_a_block_has(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 4096; size++)
        assert_good(size);
    for (size_t size = 4096; size <= LARGEST; size = next_border(size)) {
        assert_good(size - 1);
        assert_good(size);
        assert_good(size + 1);
    }
}

static void the_prefix_is_what_a_block_counts_beyond_its_size(void **state)
{
    void *block = zmalloc(100);

    (void)state;
    assert_int_equal(zmalloc_backend_prefix_size(),
                     zmalloc_size(block) - zmalloc_usable_size(block));
    zfree(block);
}

static void who_tells_good_sizes_tells_those_of_small_blocks(void **state)
{
    bool tells = table()->good_size != NULL;

    (void)state;
    for (size_t size = 0; size <= 1024; size++)
        assert_int_equal(zmalloc_good_size(size) != 0, tells);
    assert_int_equal(zmalloc_good_size(0), zmalloc_good_size(sizeof(long)));
}

static void no_size_is_good_that_fails(void **state)
{
    (void)state;
    assert_int_equal(zmalloc_good_size(SIZE_MAX / 2), 0);
    assert_int_equal(zmalloc_good_size(SIZE_MAX / 2 - zmalloc_backend_prefix_size()), 0);
    assert_true(zmalloc_good_size(SIZE_MAX / 2 - zmalloc_backend_prefix_size() - 1) < SIZE_MAX / 2);
    assert_int_equal(zmalloc_good_size(SIZE_MAX), 0);
}

/* ---- The report ---- */

struct text {
    char *bytes;
    size_t length;
};

/* Grows with every piece, so the backend is called from within its own report. */
static void append(void *opaque, const char *piece)
{
    struct text *text = opaque;
    size_t length = strlen(piece);

    text->bytes = zrealloc(text->bytes, text->length + length + 1);
    memcpy(text->bytes + text->length, piece, length + 1);
    text->length += length;
}

static void the_report_is_a_text_or_an_error(void **state)
{
    struct text text = {0};
    int result;

    (void)state;
    errno = 0;
    result = zmalloc_stats_print(append, &text);
    if (table()->stats_print != NULL) {
        assert_int_equal(result, 0);
        assert_true(text.length > 100 && text.bytes[text.length - 1] == '\n');
    } else {
        assert_int_equal(result, -1);
        assert_int_equal(errno, ENOTSUP);
        assert_null(text.bytes);
    }
    zfree(text.bytes);
}

#define SPANS 6000

/* Free blocks and pages of many sizes, each with a line in a report that lists them. None may be
 * cut off. */
static void a_report_of_a_fragmented_heap_is_whole(void **state)
{
    static void *blocks[SPANS];
    struct text text = {0};

    (void)state;
    for (size_t i = 0; i < SPANS; i++)
        blocks[i] = zmalloc(i % 4 < 2 ? i * 43 % 32768 : i % 127 * 8192 + 8192);
    for (size_t i = 0; i < SPANS; i += 2)
        zfree(blocks[i]);
    if (zmalloc_stats_print(append, &text) == 0)
        assert_true(text.bytes[text.length - 1] == '\n');
    for (size_t i = 1; i < SPANS; i += 2)
        zfree(blocks[i]);
    zfree(text.bytes);
}

static void print_to_stderr(void *argument)
{
    (void)argument;
    exit(zmalloc_stats_print(NULL, NULL) == 0 ? 0 : 1);
}

static void without_a_writer_the_report_is_on_stderr(void **state)
{
    struct outcome outcome = run_child(print_to_stderr, NULL);
    bool reports = table()->stats_print != NULL;

    (void)state;
    assert_exited_with(&outcome, reports ? 0 : 1);
    assert_int_equal(strlen(outcome.err) > 100, reports);
    assert_string_equal(outcome.out, "");
}

/* ---- Controls ---- */

/* For allocators that have controls: two of type size_t. */
static const struct {
    const char *backend;
    const char *read_only;
    const char *writable;
} controls[] = {
    {"jemalloc", "arenas.page", "arenas.dirty_decay_ms"},
    {"tcmalloc", "generic.heap_size", "tcmalloc.max_total_thread_cache_bytes"},
};

static void assert_fails_with(int error, int result)
{
    assert_int_equal(result, -1);
    assert_int_equal(errno, error);
}

static size_t read_control(const char *name)
{
    size_t value = 0;
    size_t size = sizeof value;

    assert_int_equal(zmalloc_backend_ctl(name, &value, &size, NULL, 0), 0);
    assert_int_equal(size, sizeof value);
    return value;
}

static void check_controls(const char *read_only, const char *writable)
{
    size_t before = read_control(writable);
    size_t wanted = 64 << 20;
    size_t old = 0;
    size_t size = sizeof old;
    uint16_t too_small = 0;
    size_t too_small_size = sizeof too_small;

    assert_true(read_control(read_only) > 0);
    assert_int_equal(zmalloc_backend_ctl(writable, &old, &size, &wanted, sizeof wanted), 0);
    assert_int_equal(old, before);
    assert_int_equal(read_control(writable), wanted);
    assert_fails_with(EPERM, zmalloc_backend_ctl(read_only, NULL, NULL, &wanted, sizeof wanted));
    assert_fails_with(EINVAL, zmalloc_backend_ctl(read_only, &too_small, &too_small_size, NULL, 0));
    assert_fails_with(EINVAL,
                      zmalloc_backend_ctl(writable, NULL, NULL, &too_small, too_small_size));
    assert_int_equal(zmalloc_backend_ctl(writable, NULL, NULL, &before, sizeof before), 0);
    assert_int_equal(read_control(writable), before);
}

static void controls_are_read_and_set(void **state)
{
    size_t checked = 0;

    (void)state;
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        if (strcmp(controls[i].backend, name_without_layers()) != 0)
            continue;
        check_controls(controls[i].read_only, controls[i].writable);
        checked++;
    }
    assert_int_equal(checked > 0, table()->ctl != NULL);
}

static void an_unknown_control_is_an_error(void **state)
{
    int error = table()->ctl != NULL ? ENOENT : ENOTSUP;
    size_t value = 7;
    size_t size = sizeof value;

    (void)state;
    assert_fails_with(error, zmalloc_backend_ctl("no.such", &value, &size, &value, sizeof value));
    assert_fails_with(error, zmalloc_backend_ctl("", NULL, NULL, NULL, 0));
    assert_int_equal(value, 7);
}

/* ---- The thread that purges ---- */

#define ROUNDS 200

static long count_threads(void)
{
    long long threads = 0;

    child_check(zmalloc_get_proc_stat(20, &threads) == 0);
    return (long)threads;
}

/* A joined thread may still be visible for a moment, and the thread sanitizer starts one of its own
 * beside the first. */
static bool comes_down_to(long threads)
{
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};

    for (int i = 0; i < 500 && count_threads() > threads; i++)
        nanosleep(&moment, NULL);
    return count_threads() <= threads;
}

static void purge_in_the_background(void *argument)
{
    long before = count_threads();
    int result = zmalloc_set_background_thread(1);

    (void)argument;
    child_check(result == 0 || errno == ENOTSUP);
    child_check(under_emulator() || (count_threads() > before) == (result == 0));
    for (size_t i = 0; i < ROUNDS; i++) {
        void *volatile block = zmalloc((i % 50 + 1) * 100000);

        memset(block, 1, 1000);
        zfree(block);
    }
    child_check(zmalloc_set_background_thread(1) == result);
    child_check(zmalloc_set_background_thread(0) == result);
    child_check(zmalloc_set_background_thread(0) == result);
    child_check(under_emulator() || comes_down_to(before + UNDER_THREAD_SANITIZER));
    child_check((result == 0) == (table()->background_thread != NULL));
}

static void a_background_thread_comes_and_goes(void **state)
{
    struct outcome outcome = run_child(purge_in_the_background, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_good_size_is_what_a_block_has),
        zm_test(the_prefix_is_what_a_block_counts_beyond_its_size),
        zm_test(who_tells_good_sizes_tells_those_of_small_blocks),
        zm_test(no_size_is_good_that_fails),
        zm_test(the_report_is_a_text_or_an_error),
        zm_test(a_report_of_a_fragmented_heap_is_whole),
        zm_test(without_a_writer_the_report_is_on_stderr),
        zm_test(controls_are_read_and_set),
        zm_test(an_unknown_control_is_an_error),
        zm_test(a_background_thread_comes_and_goes),
    };

    leave_blocks_untouched();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
