/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * No function is a cancellation point: a thread with a pending cancellation returns from each of
 * them, leaves no descriptor open, and finishes each line that ends the process.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../headers/zmalloc_functions.h"
#include "support.h"
#include "zmalloc_backend.h"
#include "zmalloc_fail.h"
#include "zmalloc_sample.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define REPORT_SIZE 65536
#define DESCRIPTORS 64

/* ---- The functions ---- */

static char report[REPORT_SIZE];
/* Values hidden from the compiler. */
static volatile size_t some = 100;
static volatile size_t large = (size_t)16 << 20;
static volatile size_t too_much = SIZE_MAX / 2;

static void *block(void)
{
    void *ptr = zmalloc(some);

    child_check(ptr != NULL);
    return ptr;
}

static void write_nothing(void *opaque, const char *text)
{
    (void)opaque;
    (void)text;
}

static void do_nothing(size_t size)
{
    (void)size;
}

static void free_usable(void)
{
    size_t usable;

    zfree_usable(block(), &usable);
}

static void ask_for_a_size(size_t (*function)(const void *ptr))
{
    void *ptr = block();

    child_check(function(ptr) >= some);
    zfree(ptr);
}

static void extend(void)
{
    void *ptr = block();

    zfree(extend_to_usable(ptr, zmalloc_usable_size(ptr)));
}

static void ask_whether_to_move(void)
{
    void *ptr = block();

    zmalloc_worth_moving(ptr);
    zfree(ptr);
}

static void run_out_of_memory(void)
{
    void *ptr;

    zmalloc_set_oom_handler(do_nothing);
    ptr = zmalloc(too_much);
    child_check(ptr == NULL);
    zmalloc_set_oom_handler(NULL);
}

static void list_backends(void)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        child_check(info.name != NULL);
}

static void ask_allocator(void)
{
    size_t figures[5];

    zmalloc_get_allocator_info(&figures[0], &figures[1], &figures[2], &figures[3], &figures[4]);
}

/* Also waits for it to end. */
static void purge_in_background(void)
{
    zmalloc_set_background_thread(1);
    zmalloc_set_background_thread(0);
}

static void use_controls(void)
{
    bool off = false;

    zmalloc_backend_ctl("background_thread", NULL, NULL, &off, sizeof off);
    zmalloc_backend_ctl("prof.dump", NULL, NULL, NULL, 0);
    zmalloc_backend_ctl("no such", NULL, NULL, NULL, 0);
}

static void describe(void)
{
    zmalloc_stats_print(write_nothing, NULL);
    zmalloc_stats_print(NULL, NULL);
}

static void read_stat(void)
{
    long long value;

    zmalloc_get_proc_stat(24, &value);
    zmalloc_get_proc_stat(9999, &value);
}

/* Comes under pressure and out of it, by both kinds of limit. */
static void set_limits(void)
{
    void *ptr = zmalloc(large);

    child_check(zmalloc_pressure_fd() >= 0);
    for (int rss = under_emulator() ? 0 : 1; rss >= 0; rss--) { /* there is no resident set there */
        zmalloc_limit_rss(rss);
        zmalloc_set_limit(4 * large);
        zmalloc_set_soft_limit(1);
        child_check(zmalloc_pressure() == 1);
        zfree(ztrymalloc(some));
        zmalloc_set_limit(SIZE_MAX);
        zmalloc_set_soft_limit(SIZE_MAX);
        child_check(zmalloc_pressure() == 0);
    }
    zfree(ptr);
}

static void give_pages_back(void)
{
    void *ptr = zmalloc(large);

    zmadvise_dontneed(ptr);
    zmadvise_dontneed_range(ptr, large);
    zfree(ptr);
}

static void register_again(void)
{
    child_check(zmalloc_register_backend(zmalloc_backend_table("libc")) == -1);
}

#define CALL(name, statement)                                                                      \
    static void call_##name(void)                                                                  \
    {                                                                                              \
        statement;                                                                                 \
    }

CALL(zmalloc, (zfree(zmalloc(some)), zfree(zmalloc(large))))
CALL(zcalloc, (zfree(zcalloc(some)), zfree(zcalloc(large))))
CALL(zcalloc_num, zfree(zcalloc_num(some, some)))
CALL(ztrycalloc_num, zfree(ztrycalloc_num(some, some)))
CALL(zrealloc, zfree(zrealloc(block(), large)))
CALL(ztrymalloc,
     (zfree(ztrymalloc(large)), zfree(ztrymalloc((size_t)1 << (sizeof(size_t) > 4 ? 31 : 30)))))
CALL(ztrycalloc, zfree(ztrycalloc(some)))
CALL(ztryrealloc, zfree(ztryrealloc(block(), large)))
CALL(zreallocarray, zfree(zreallocarray(block(), some, some)))
CALL(ztryreallocarray, zfree(ztryreallocarray(block(), some, some)))
CALL(zmalloc_usable, zfree(zmalloc_usable(some, NULL)))
CALL(zcalloc_usable, zfree(zcalloc_usable(some, NULL)))
CALL(zrealloc_usable, zfree(zrealloc_usable(block(), some, NULL)))
CALL(ztrymalloc_usable, zfree(ztrymalloc_usable(some, NULL)))
CALL(ztrycalloc_usable, zfree(ztrycalloc_usable(some, NULL)))
CALL(ztryrealloc_usable, zfree(ztryrealloc_usable(block(), some, NULL)))
CALL(zmalloc_aligned, zfree(zmalloc_aligned(4096, some)))
CALL(ztrymalloc_aligned, zfree(ztrymalloc_aligned(4096, large)))
CALL(zmalloc_cache_aligned, zfree(zmalloc_cache_aligned(some)))
CALL(ztrymalloc_cache_aligned, zfree(ztrymalloc_cache_aligned(some)))
CALL(zstrdup, zfree(zstrdup("text")))
CALL(ztrystrdup, zfree(ztrystrdup("text")))
CALL(zfree, zfree(block()))
CALL(zfree_usable, free_usable())
CALL(zfree_with_size, zfree_with_size(block(), some))
CALL(zmalloc_size, ask_for_a_size(zmalloc_size))
CALL(zmalloc_usable_size, ask_for_a_size(zmalloc_usable_size))
CALL(extend_to_usable, extend())
CALL(zmalloc_set_oom_handler, run_out_of_memory())
CALL(zmalloc_used_memory, zmalloc_used_memory())
CALL(zmalloc_peak_memory, zmalloc_peak_memory())
CALL(zmalloc_reset_peak, zmalloc_reset_peak())
CALL(zmalloc_peak_begin, zmalloc_peak_end(zmalloc_peak_begin()))
CALL(zmalloc_peak_begin_thread, zmalloc_peak_end(zmalloc_peak_begin_thread()))
CALL(zmalloc_peak_end, zmalloc_peak_end(-1))
CALL(zmalloc_set_limit, set_limits())
CALL(zmalloc_get_limit, zmalloc_get_limit())
CALL(zmalloc_set_soft_limit, set_limits())
CALL(zmalloc_get_soft_limit, zmalloc_get_soft_limit())
CALL(zmalloc_limit_rss, set_limits())
CALL(zmalloc_pressure, zmalloc_pressure())
CALL(zmalloc_pressure_fd, set_limits())
CALL(zmalloc_external, (zmalloc_external(1), zmalloc_external(-1)))
CALL(zmalloc_init, (zmalloc_init(NULL), zmalloc_init("nothere")))
CALL(zmalloc_backend_name, zmalloc_backend_name())
CALL(zmalloc_backend_version, zmalloc_backend_version())
CALL(zmalloc_backend_origin, zmalloc_backend_origin())
CALL(zmalloc_backend_prefix_size, zmalloc_backend_prefix_size())
CALL(zmalloc_lib, zmalloc_lib())
CALL(zmalloc_get_backend_info, list_backends())
CALL(zmalloc_get_allocator_info, ask_allocator())
CALL(zmalloc_purge, zmalloc_purge())
CALL(zmalloc_no_tcache, zfree_no_tcache(zmalloc_no_tcache(some)))
CALL(ztrymalloc_no_tcache, zfree_no_tcache(ztrymalloc_no_tcache(some)))
CALL(zfree_no_tcache, zfree_no_tcache(block()))
CALL(zmalloc_get_fragmentation, zmalloc_get_fragmentation(NULL))
CALL(zmalloc_worth_moving, ask_whether_to_move())
CALL(zmalloc_thread_idle, zmalloc_thread_idle())
CALL(zmalloc_set_background_thread, purge_in_background())
CALL(zmalloc_good_size, zmalloc_good_size(some))
CALL(zmalloc_stats_print, describe())
CALL(zmalloc_backend_ctl, use_controls())
CALL(zmalloc_stats_json, zmalloc_stats_json(report, sizeof report))
CALL(zmalloc_stats_text, zmalloc_stats_text(report, sizeof report))
CALL(zmalloc_stats_prometheus, zmalloc_stats_prometheus(report, sizeof report))
CALL(zmalloc_stats_in_handler, zmalloc_stats_in_handler("text", report, sizeof report))
CALL(zmalloc_get_proc_stat, read_stat())
CALL(zmalloc_get_rss, zmalloc_get_rss())
CALL(zmalloc_get_private_dirty, (zmalloc_get_private_dirty(-1), zmalloc_get_private_dirty(1)))
CALL(zmalloc_get_smap_bytes_by_field, zmalloc_get_smap_bytes_by_field("Rss:", -1))
CALL(zmalloc_get_memory_size, zmalloc_get_memory_size())
CALL(zmalloc_get_memory_limit, zmalloc_get_memory_limit())
CALL(zmalloc_get_memory_high, zmalloc_get_memory_high())
CALL(zmalloc_get_fragmentation_ratio, zmalloc_get_fragmentation_ratio(some))
CALL(zlibc_free, zlibc_free(strdup("text")))
CALL(zlibc_trim, zlibc_trim())
CALL(zmadvise_dontneed, give_pages_back())
CALL(zmadvise_dontneed_range, give_pages_back())
CALL(zmalloc_enable_thread_safeness, zmalloc_enable_thread_safeness())
CALL(zmalloc_register_backend, register_again())
CALL(zmalloc_backend_table, zmalloc_backend_table("nothere"))
CALL(zmalloc_fail, zmalloc_fail("nth:1000000"))
CALL(zmalloc_fail_requests, zmalloc_fail_requests())
CALL(zmalloc_fail_failures, zmalloc_fail_failures())
CALL(zmalloc_sample_start, zmalloc_sample_start(4096))
CALL(zmalloc_sample_dump, zmalloc_sample_dump(STDERR_FILENO))
CALL(zmalloc_sample_dropped, zmalloc_sample_dropped())
CALL(zmalloc_sample_stop, zmalloc_sample_stop())

/* Every function of the headers. A new one has to be called above. */
#define CALL_ROW(result, name, parameters) {#name, call_##name},

static const struct call {
    const char *name;
    void (*function)(void);
} calls[] = {
    /* clang-format off */
    ZMALLOC_FUNCTIONS(CALL_ROW)
    ZMALLOC_BACKEND_FUNCTIONS(CALL_ROW)
    ZMALLOC_FAIL_FUNCTIONS(CALL_ROW)
    ZMALLOC_SAMPLE_FUNCTIONS(CALL_ROW)
    /* clang-format on */
};

/* ---- A thread with a pending cancellation ---- */

static volatile bool came_out;

static void *call_with_cancellation_pending(void *function)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    (*(void (*const *)(void))function)();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    child_check(state == PTHREAD_CANCEL_ENABLE);
    came_out = true;
    if (UNDER_ADDRESS_SANITIZER)
        return PTHREAD_CANCELED; /* it takes remains on the stack for a live call */
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    pthread_testcancel();
    return NULL;
}

/* Runs as far as that function lets it; then it is cancelled. */
static void run_thread_to_be_cancelled(void (*function)(void))
{
    pthread_t thread;
    void *result;

    came_out = false;
    child_check(pthread_create(&thread, NULL, call_with_cancellation_pending, &function) == 0);
    child_check(pthread_join(thread, &result) == 0);
    child_check(result == PTHREAD_CANCELED);
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Twice: what is opened once and kept is not a leak. */
static void function_comes_out(void *argument)
{
    const struct call *call = argument;
    unsigned before;

    run_thread_to_be_cancelled(call->function);
    child_check(came_out);
    before = open_descriptors();
    run_thread_to_be_cancelled(call->function);
    child_check(came_out && open_descriptors() == before);
}

static void no_function_is_a_cancellation_point(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(calls); i++) {
        struct call call = calls[i];
        struct outcome outcome = run_child(function_comes_out, &call);

        if (outcome.timed_out || outcome.status != 0)
            fail_msg("%s: status 0x%x, %s", call.name, (unsigned)outcome.status, outcome.err);
    }
}

static void *read_for_ever(void *ignored)
{
    char mine[8192];

    (void)ignored;
    for (;;) {
        zmalloc_stats_json(mine, sizeof mine);
        pthread_testcancel();
    }
    return NULL;
}

static void a_monitor_that_is_cancelled_leaves_nothing_open(void **state)
{
    unsigned before;

    (void)state;
    if (UNDER_ADDRESS_SANITIZER)
        skip();
    zfree(zmalloc(some));
    before = open_descriptors();
    for (size_t i = 0; i < scaled(30); i++) {
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, read_for_ever, NULL), 0);
        usleep(1000);
        assert_int_equal(pthread_cancel(thread), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_int_equal(open_descriptors(), before);
}

/* ---- The choice: this program once more ---- */

static const char *chosen_by_thread;

static void choose(void)
{
    child_check(zmalloc_init(chosen_by_thread) == 0);
    zfree(zmalloc(some));
}

static void choose_by_allocating(void)
{
    zfree(zmalloc(some));
}

static int start_with_zero(const char **why)
{
    (void)why;
    zfree(zmalloc(some));
    return 0;
}

static void choose_what_allocates_too_early(void)
{
    static struct zmalloc_backend table;

    table = *zmalloc_backend_table("libc");
    table.name = "early";
    table.start = start_with_zero;
    child_check(zmalloc_register_backend(&table) == 0);
    zmalloc_init("early");
}

static void allocate_much(void)
{
    for (int i = 0; i < 100; i++)
        zfree(zmalloc(large));
}

static void exit_in_thread(void)
{
    zfree(zmalloc(some));
    exit(5);
}

static void free_twice(void)
{
    void *volatile ptr = block();

    zfree(ptr);
    zfree(ptr);
}

static const struct call parts[] = {
    {"choose", choose},
    {"allocate", choose_by_allocating},
    {"allocate much", allocate_much},
    {"allocate too early", choose_what_allocates_too_early},
    {"free twice", free_twice},
    {"exit", exit_in_thread},
};

static int run_part(const char *name, const char *backend)
{
    chosen_by_thread = backend;
    for (size_t i = 0; i < LENGTH(parts); i++)
        if (strcmp(parts[i].name, name) == 0)
            run_thread_to_be_cancelled(parts[i].function);
    return came_out ? 0 : 1;
}

static struct outcome run_this(const char *part, const char *const *environment)
{
    const char *const arguments[] = {"/proc/self/exe", part, backend_under_test(), NULL};

    return run_program(arguments, environment);
}

static const char *const no_choice[] = {"ZMALLOC_BACKEND", NULL};

static void the_choice_is_none(void **state)
{
    struct outcome outcome = run_this("choose", no_choice);

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
}

/* jemalloc writes one from within an allocation. Whether it can create the file does not matter. */
static void a_heap_profile_is_none(void **state)
{
    static const char *const profiled[] = {
        "MALLOC_CONF=prof:true,lg_prof_interval:20,prof_prefix:/dev/null/x", NULL};
    struct outcome outcome = run_this("allocate much", profiled);

    (void)state;
    assert_exited_with(&outcome, 0);
}

/* ---- What ends the process ---- */

static void fail_by_default(void)
{
    void *ptr = zmalloc(too_much);

    child_check(ptr == NULL);
}

static void fail_in_handler(size_t size)
{
    (void)size;
    fail_by_default();
}

static void fail_twice(void)
{
    zmalloc_set_oom_handler(fail_in_handler);
    fail_by_default();
}

static void be_cancelled_in(void *function)
{
    run_thread_to_be_cancelled(*(void (**)(void))function);
}

static void aborts_saying(void (*function)(void), const char *text)
{
    struct outcome outcome = run_child(be_cancelled_in, &function);

    assert_killed_by(&outcome, SIGABRT);
    assert_err_is_line_with(&outcome, text);
}

static void out_of_memory_ends_the_process(void **state)
{
    (void)state;
    aborts_saying(fail_by_default, "zmalloc: Out of memory trying to allocate ");
    aborts_saying(fail_twice, "zmalloc: Out of memory trying to allocate ");
}

/* The layer detects it over each backend, and the backend libc by itself. */
static void a_bad_pointer_ends_the_process(void **state)
{
    static const char *const with_layer[] = {"ZMALLOC_DEBUG=frames=0", NULL};
    struct outcome outcome = run_this("free twice", with_layer);

    (void)state;
    assert_killed_by(&outcome, SIGABRT);
    assert_err_is_line_with(&outcome, ": it was freed before; block of 100 bytes");
    if (strcmp(backend_under_test(), "libc") == 0)
        aborts_saying(free_twice, " is not a live block of the libc backend");
}

static void a_choice_that_fails_ends_the_process(void **state)
{
    static const char *const wrong_layer[] = {"ZMALLOC_BACKEND", "ZMALLOC_FAIL=nth:0", NULL};
    struct outcome outcome = run_this("allocate", wrong_layer);

    (void)state;
    assert_exited_with(&outcome, 78);
    assert_err_is_line_with(&outcome, "zmalloc: ZMALLOC_FAIL=\"nth:0\": ");
    outcome = run_this("allocate too early", no_choice);
    assert_killed_by(&outcome, SIGABRT);
    assert_err_is_line_with(&outcome, "called zmalloc while it was being started");
}

static void a_report_at_exit_is_written(void **state)
{
    static const char *const with_report[] = {"ZMALLOC_STATS=json", NULL};
    struct outcome outcome = run_this("exit", with_report);

    (void)state;
    assert_exited_with(&outcome, 5);
    assert_err_is_line_with(&outcome, "{\"schema\":1,");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        zm_test(no_function_is_a_cancellation_point),
        zm_test(a_monitor_that_is_cancelled_leaves_nothing_open),
        cmocka_unit_test(the_choice_is_none),
        cmocka_unit_test(a_heap_profile_is_none),
        zm_test(out_of_memory_ends_the_process),
        zm_test(a_bad_pointer_ends_the_process),
        cmocka_unit_test(a_choice_that_fails_ends_the_process),
        cmocka_unit_test(a_report_at_exit_is_written),
    };

    if (argc == 3)
        return run_part(argv[1], argv[2]);
    leave_blocks_untouched();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
