/* SPDX-License-Identifier: BSD-3-Clause */

/* libuv runs a loop with a timer and reads a file in memory from zmalloc, and says UV_ENOMEM. */

#include <fcntl.h>
#include <uv.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

static struct zmalloc_zone *zone;
ZMALLOC_ADAPTERS_IN(zoned, zone);

#define TICKS 3
#define THIS_FILE HERE "/test_libuv.c"

static void tick(uv_timer_t *timer)
{
    size_t *ticks = timer->data;

    if (++*ticks == TICKS)
        uv_close((uv_handle_t *)timer, NULL);
}

struct reading {
    uv_fs_t request;
    size_t used; /* while it was under way */
    bool opened;
};

static void note_opened(uv_fs_t *request)
{
    struct reading *reading = request->data;

    reading->used = zmalloc_used_memory();
    reading->opened = request->result >= 0;
}

/* libuv copies the path of a request that a thread of its pool is to serve. */
static void a_loop_with_a_timer_and_a_file_is_counted(void **state)
{
    struct reading reading = {.request.data = &reading};
    char bytes[64];
    uv_buf_t buffer = uv_buf_init(bytes, sizeof bytes);
    uv_timer_t timer;
    size_t ticks = 0;
    uv_fs_t read;
    uv_loop_t loop;
    uv_file file;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    timer.data = &ticks;
    assert_int_equal(uv_timer_init(&loop, &timer), 0);
    timer.data = &ticks;
    assert_int_equal(uv_timer_start(&timer, tick, 1, 1), 0);
    assert_int_equal(uv_fs_open(&loop, &reading.request, THIS_FILE, O_RDONLY, 0, note_opened), 0);
    assert_true(zmalloc_used_memory() >= sizeof THIS_FILE);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(ticks, TICKS);
    assert_true(reading.opened);
    assert_true(reading.used >= sizeof THIS_FILE);
    file = (uv_file)reading.request.result;
    uv_fs_req_cleanup(&reading.request);

    assert_int_equal(uv_fs_read(&loop, &read, file, &buffer, 1, 0, NULL), sizeof bytes);
    assert_memory_equal(bytes, "/* SPDX-License-Identifier", 26);
    uv_fs_req_cleanup(&read);
    assert_int_equal(uv_fs_close(&loop, &read, file, NULL), 0);
    uv_fs_req_cleanup(&read);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_loop_in_a_zone_is_counted(void **state)
{
    uv_loop_t loop;
    uv_fs_t listing;

    (void)state;
    assert_int_equal(uv_replace_allocator(zoned_plain_malloc, zoned_plain_realloc,
                                          zoned_plain_calloc, zoned_plain_free),
                     0);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(uv_fs_scandir(&loop, &listing, HERE, 0, NULL) > 1);
    assert_true(zmalloc_used_memory() > 0);
    uv_fs_req_cleanup(&listing);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(zmalloc_used_memory(), 0);
    assert_int_equal(uv_replace_allocator(zmalloc_plain_malloc, zmalloc_plain_realloc,
                                          zmalloc_plain_calloc, zmalloc_plain_free),
                     0);
}

/* Not with a loop that starts or grows: there libuv itself aborts without memory. */
static uv_loop_t loop_of_failures;

static bool ask_for_a_folder(void)
{
    uv_fs_t request;
    int status = uv_fs_mkdtemp(&loop_of_failures, &request, "/nowhere/at/all-XXXXXX", NULL);

    uv_fs_req_cleanup(&request);
    if (status != UV_ENOENT)
        assert_int_equal(status, UV_ENOMEM);
    return status == UV_ENOENT;
}

static void note_result(uv_fs_t *request)
{
    *(ssize_t *)request->data = request->result;
}

static bool look_at_this_file(void)
{
    ssize_t result = UV_ENOMEM;
    uv_fs_t request = {.data = &result};
    int status = uv_fs_stat(&loop_of_failures, &request, THIS_FILE, note_result);

    if (status == UV_ENOMEM)
        return false;
    assert_int_equal(status, 0);
    assert_int_equal(uv_run(&loop_of_failures, UV_RUN_DEFAULT), 0);
    uv_fs_req_cleanup(&request);
    assert_int_equal(result, 0);
    return true;
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    need_fail_layer();
    assert_int_equal(uv_loop_init(&loop_of_failures), 0);
    fails_cleanly(ask_for_a_folder);
    fails_cleanly(look_at_this_file);
    assert_int_equal(uv_loop_close(&loop_of_failures), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_loop_with_a_timer_and_a_file_is_counted),
        zm_test(a_loop_in_a_zone_is_counted),
        zm_test(without_memory_it_says_so),
    };

    if (uv_replace_allocator(zmalloc_plain_malloc, zmalloc_plain_realloc, zmalloc_plain_calloc,
                             zmalloc_plain_free) != 0)
        return 1;
    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
