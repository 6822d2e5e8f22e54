/* SPDX-License-Identifier: BSD-3-Clause */

/* Statistics: snprintf's promises, the figures of the public functions, and one consistent picture
 * whatever else happens. */

#include "support.h"
#include "zmalloc_zone.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define KIB ((size_t)1 << 10)
#define MIB (KIB << 10)

#define REPORT_SIZE (8 * KIB)

typedef int form(char *buf, size_t size);

static form *const forms[] = {zmalloc_stats_json, zmalloc_stats_text, zmalloc_stats_prometheus};
#define FORMS (sizeof forms / sizeof *forms)

static void write_report(form *write, char report[REPORT_SIZE])
{
    int length = write(report, REPORT_SIZE);

    assert_between(length, 1, REPORT_SIZE - 1);
    assert_int_equal(strlen(report), length);
}

/* ---- The contract of snprintf ---- */

#define UNTOUCHED '#'
#define TRIES 1000

/* Two identical whole reports, and a cut one made between them: so no figure has changed. */
static int write_cut(form *write, char *cut, size_t size, char whole[REPORT_SIZE])
{
    char again[REPORT_SIZE];
    unsigned tries = 0;
    int length;

    do {
        assert_true(tries++ < TRIES);
        write_report(write, whole);
        memset(cut, UNTOUCHED, REPORT_SIZE);
        length = write(cut, size);
        write_report(write, again);
    } while (strcmp(whole, again) != 0);
    return length;
}

static void assert_cut_to(form *write, size_t size)
{
    char whole[REPORT_SIZE];
    char cut[REPORT_SIZE];
    size_t length = (size_t)write_cut(write, cut, size, whole);
    size_t kept = length < size ? length : size - 1;

    assert_int_equal(length, strlen(whole));
    assert_memory_equal(cut, whole, kept);
    assert_int_equal(cut[kept], '\0');
    for (size_t i = kept + 1; i < REPORT_SIZE; i++)
        assert_int_equal(cut[i], UNTOUCHED);
}

/* Sizes in steps, but each at both ends. */
static void assert_cuts(form *write, size_t step)
{
    char report[REPORT_SIZE];
    size_t length;

    write_report(write, report);
    length = strlen(report);
    for (size_t size = 1; size < length; size += size < 20 || size + 20 > length ? 1 : step)
        assert_cut_to(write, size);
    for (size_t size = length; size < length + 3; size++)
        assert_cut_to(write, size);
}

static void every_size_of_buffer_is_respected(void **state)
{
    (void)state;
    assert_cuts(zmalloc_stats_json, 1);
    assert_cuts(zmalloc_stats_text, 11);
    assert_cuts(zmalloc_stats_prometheus, 23);
}

static void without_a_buffer_there_is_a_length(void **state)
{
    char whole[REPORT_SIZE];
    char cut[REPORT_SIZE];

    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        int length = write_cut(forms[i], cut, 0, whole);

        assert_int_equal(length, strlen(whole));
        assert_int_equal(cut[0], UNTOUCHED);
        assert_true(forms[i](NULL, 0) > 0);
    }
}

static void errno_is_kept(void **state)
{
    char report[REPORT_SIZE];

    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        errno = EDOM;
        write_report(forms[i], report);
        assert_int_equal(errno, EDOM);
    }
    errno = EDOM;
    zmalloc_get_memory_limit();
    zmalloc_get_memory_high();
    assert_int_equal(errno, EDOM);
}

/* ---- Reading a report ---- */

/* Also for threads and children: if it is missing, the process ends. */
static const char *find(const char *report, const char *name)
{
    const char *at = strstr(report, name);

    if (at == NULL)
        child_fail(name, report, 0);
    return at + strlen(name);
}

static bool is_known(const char *report, const char *name)
{
    return strncmp(find(report, name), "null", 4) != 0;
}

static size_t number(const char *report, const char *name)
{
    const char *at = find(report, name);
    char *end;
    uintmax_t value = strtoumax(at, &end, 10);

    if (end == at || strchr(",}\n", *end) == NULL)
        child_fail(name, report, 0);
    return (size_t)value;
}

static double decimal(const char *report, const char *name)
{
    return strtod(find(report, name), NULL);
}

static void assert_text(const char *report, const char *name, const char *text)
{
    const char *at = find(report, name);
    size_t length = strlen(text);

    if (*at != '"' || strncmp(at + 1, text, length) != 0 || at[1 + length] != '"')
        fail_msg("%s is not \"%s\" in %s", name, text, report);
}

/* ---- What it says ---- */

static const char *origin_of_backend(void)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        if (strcmp(info.name, name_without_layers()) == 0 && info.state == ZMALLOC_BACKEND_BUILT_IN)
            return "built in";
    return zmalloc_backend_origin();
}

static void texts_are_those_of_the_functions(void **state)
{
    char report[REPORT_SIZE];
    char module[64];

    (void)state;
    write_report(zmalloc_stats_json, report);
    assert_null(strchr(report, '\n'));
    assert_text(report, "\"name\":", zmalloc_backend_name());
    assert_text(report, "\"version\":", zmalloc_backend_version());
    assert_text(report, "\"origin\":", origin_of_backend());
    assert_text(report, "\"by\":", "ZMALLOC_BACKEND");
    assert_text(report, "\"value\":", backend_under_test());
    if (strcmp(zmalloc_backend_origin(), "built in") != 0) {
        snprintf(module, sizeof module, "libzmalloc-%s.so", name_without_layers());
        assert_non_null(strstr(zmalloc_backend_origin(), module));
        assert_int_equal(access(zmalloc_backend_origin(), R_OK), 0);
    }
}

/* The function returns 0 if the value is unknown. */
static void assert_figure(const char *report, const char *name, size_t figure)
{
    if (is_known(report, name))
        assert_int_equal(number(report, name), figure);
    else
        assert_int_equal(figure, 0);
}

static void assert_allocator_figures(const char *report, bool *knows)
{
    static const char *const names[] = {
        "\"allocated_bytes\":", "\"active_bytes\":", "\"resident_bytes\":", "\"retained_bytes\":",
        "\"muzzy_bytes\":"};
    size_t info[] = {1, 1, 1, 1, 1};

    *knows = zmalloc_get_allocator_info(&info[0], &info[1], &info[2], &info[3], &info[4]) != 0;
    for (size_t i = 0; i < sizeof info / sizeof *info; i++) {
        assert_figure(report, names[i], info[i]);
        assert_true(*knows || !is_known(report, names[i]));
    }
}

static void figures_are_those_of_the_functions(void **state)
{
    char report[REPORT_SIZE];
    void *block = zmalloc(3 * MIB);
    bool knows;

    (void)state;
    zmalloc_reset_peak();
    zfree(zmalloc(5 * MIB));
    write_report(zmalloc_stats_json, report);
    assert_int_equal(number(report, "\"pid\":"), getpid());
    assert_int_equal(number(report, "\"prefix_bytes\":"), zmalloc_backend_prefix_size());
    assert_int_equal(number(report, "\"used_bytes\":"), zmalloc_size(block));
    assert_int_equal(number(report, "\"peak_bytes\":"), zmalloc_peak_memory());
    assert_int_equal(number(report, "\"memory_bytes\":"), zmalloc_get_memory_size());
    assert_int_equal(number(strstr(report, "\"machine\":"), "\"limit_bytes\":"),
                     zmalloc_get_memory_limit());
    assert_figure(report, "\"high_bytes\":", zmalloc_get_memory_high());
    assert_allocator_figures(report, &knows);
    zfree(block);
}

/* They may have grown since; and freed memory may have been given back since. */
static void the_process_is_as_the_system_says(void **state)
{
    char report[REPORT_SIZE];
    struct rusage before;
    struct rusage after;

    (void)state;
    getrusage(RUSAGE_SELF, &before);
    write_report(zmalloc_stats_json, report);
    getrusage(RUSAGE_SELF, &after);
    assert_between(number(report, "\"minor_faults\":"), before.ru_minflt, after.ru_minflt);
    assert_between(number(report, "\"major_faults\":"), before.ru_majflt, after.ru_majflt);
    assert_between(zmalloc_get_rss() + MIB, number(report, "\"rss_bytes\":"),
                   number(report, "\"rss_bytes\":") + 2 * MIB);
    assert_between(zmalloc_get_private_dirty(-1) + MIB, number(report, "\"private_dirty_bytes\":"),
                   number(report, "\"private_dirty_bytes\":") + 2 * MIB);
}

static void assert_ratio(const char *report, const char *name, const char *dividend,
                         const char *divisor)
{
    double expected;

    if (!is_known(report, dividend) || !is_known(report, divisor) || number(report, divisor) == 0) {
        assert_false(is_known(report, name));
        return;
    }
    expected = (double)number(report, dividend) / (double)number(report, divisor);
    assert_true(decimal(report, name) > expected - 0.0000501);
    assert_true(decimal(report, name) < expected + 0.0000501);
}

static void ratios_are_of_what_stands_beside_them(void **state)
{
    char report[REPORT_SIZE];

    (void)state;
    for (size_t size = 1; size < 8 * MIB; size *= 3) {
        void *block = zmalloc(size);

        write_report(zmalloc_stats_json, report);
        zfree(block);
        assert_ratio(report,
                     "\"allocator_fragmentation\":", "\"active_bytes\":", "\"allocated_bytes\":");
        assert_ratio(report, "\"rss_overhead\":", "\"rss_bytes\":", "\"resident_bytes\":");
    }
}

/* ---- Zones and limits ---- */

static void zones_are_in_every_form(void **state)
{
    struct zmalloc_zone *outer = zmalloc_zone_create("outer \"1\"", NULL);
    struct zmalloc_zone *inner = zmalloc_zone_create("inner", outer);
    void *block = zmalloc_in(inner, 100);
    char wanted[300];
    char report[REPORT_SIZE];

    (void)state;
    assert_int_equal(zmalloc_zone_set_limit(outer, 12345678), 0);
    write_report(zmalloc_stats_json, report);
    snprintf(
        wanted, sizeof wanted,
        ",\"zones\":[{\"name\":\"outer \\\"1\\\"\",\"parent\":null,\"used_bytes\":%zu,"
        "\"peak_bytes\":%zu,\"limit_bytes\":12345678},"
        "{\"name\":\"inner\",\"parent\":\"outer \\\"1\\\"\",\"used_bytes\":%zu,\"peak_bytes\":%zu,"
        "\"limit_bytes\":null}]}",
        zmalloc_size(block), zmalloc_size(block), zmalloc_size(block), zmalloc_size(block));
    assert_non_null(strstr(report, wanted));
    write_report(zmalloc_stats_text, report);
    assert_non_null(strstr(report, "\nzone                        outer \\x221\\x22\n"));
    assert_non_null(strstr(report, "\n  in                        outer \\x221\\x22\n"));
    assert_non_null(strstr(report, "\n  limit                     12345678 bytes (11.7 MiB)\n"));
    write_report(zmalloc_stats_prometheus, report);
    snprintf(wanted, sizeof wanted,
             "# TYPE zmalloc_zone_used_bytes gauge\n"
             "zmalloc_zone_used_bytes{zone=\"outer \\\"1\\\"\",number=\"1\"} %zu\n"
             "zmalloc_zone_used_bytes{zone=\"inner\",number=\"2\"} %zu\n",
             zmalloc_size(block), zmalloc_size(block));
    assert_non_null(strstr(report, wanted));
    assert_non_null(strstr(report, "\nzmalloc_zone_limit_bytes{zone=\"outer \\\"1\\\"\","
                                   "number=\"1\"} 12345678\n"));
    zfree_in(inner, block);
    assert_int_equal(zmalloc_zone_destroy(inner, NULL), 0);
    assert_int_equal(zmalloc_zone_destroy(outer, NULL), 0);
}

static void all_forms_say_the_same(void **state)
{
    char json[REPORT_SIZE];
    char text[REPORT_SIZE];
    char prometheus[REPORT_SIZE];
    void *block = zmalloc(3 * MIB + 12345);
    size_t used = zmalloc_used_memory();

    (void)state;
    write_report(zmalloc_stats_json, json);
    write_report(zmalloc_stats_text, text);
    write_report(zmalloc_stats_prometheus, prometheus);
    zfree(block);
    assert_int_equal(number(json, "\"used_bytes\":"), used);
    assert_int_equal(strtoumax(find(text, "\n  used "), NULL, 10), used);
    assert_int_equal(number(prometheus, "\nzmalloc_used_bytes "), used);
    assert_non_null(strstr(text, zmalloc_backend_version()));
    assert_non_null(strstr(prometheus, zmalloc_backend_version()));
    assert_true(is_known(json, "\"resident_bytes\":") ==
                (strstr(prometheus, "\nzmalloc_allocator_resident_bytes ") != NULL));
}

/* ---- The allocator's count ---- */

#define BLOCKS 4096

/* Valgrind does not count; and a layer may request more than it reports. */
static bool allocator_sees_what_is_used(void)
{
    return !under_valgrind() && strcmp(zmalloc_backend_name(), name_without_layers()) == 0;
}

/* From 4 to 28 KiB, so the overhead of a block does not matter. */
static void allocated_is_what_is_used(void **state)
{
    static void *blocks[BLOCKS];
    char report[REPORT_SIZE];
    size_t used;

    (void)state;
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = zmalloc(4 * KIB + i * 6);
    write_report(zmalloc_stats_json, report);
    used = number(report, "\"used_bytes\":");
    for (size_t i = 0; i < BLOCKS; i++)
        zfree(blocks[i]);
    assert_true(used >= BLOCKS * 4 * KIB);
    if (is_known(report, "\"allocated_bytes\":") && allocator_sees_what_is_used())
        assert_between(number(report, "\"allocated_bytes\":"), used - used / 100,
                       used + used / 100);
}

/* ---- Threads ---- */

#define THREADS 6
#define OPERATIONS 100

static void *allocate_and_wait(void *argument)
{
    pthread_barrier_t *barrier = argument;

    for (unsigned i = 0; i < OPERATIONS; i++)
        zfree(zmalloc(100));
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    return NULL;
}

struct group {
    pthread_barrier_t barrier;
    pthread_t threads[THREADS];
};

/* Returns when all have allocated. */
static void start_threads(struct group *group)
{
    pthread_barrier_init(&group->barrier, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&group->threads[i], NULL, allocate_and_wait, &group->barrier), 0);
    pthread_barrier_wait(&group->barrier);
}

static void end_threads(struct group *group)
{
    pthread_barrier_wait(&group->barrier);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(group->threads[i], NULL), 0);
    pthread_barrier_destroy(&group->barrier);
}

static size_t live_threads(void)
{
    char report[REPORT_SIZE];

    write_report(zmalloc_stats_json, report);
    return number(report, "\"live\":");
}

static void threads_are_counted_while_they_live(void **state)
{
    struct group group;
    size_t before;

    (void)state;
    for (unsigned i = 0; i < OPERATIONS; i++)
        zfree(zmalloc(100));
    before = live_threads();
    assert_true(before >= 1);
    start_threads(&group);
    assert_int_equal(live_threads(), before + THREADS);
    end_threads(&group);
    assert_int_equal(live_threads(), before);
}

static void a_forked_child_reports_of_itself(void *argument)
{
    char report[REPORT_SIZE];

    for (unsigned i = 0; i < OPERATIONS; i++)
        zfree(zmalloc(100));
    for (size_t i = 0; i < FORMS; i++)
        child_check(forms[i](report, sizeof report) > 0);
    child_check(zmalloc_stats_json(report, sizeof report) > 0);
    child_check(number(report, "\"pid\":") == (size_t)getpid());
    child_check(number(report, "\"live\":") == 1);
    child_check(number(report, "\"used_bytes\":") == *(size_t *)argument);
}

static void a_child_counts_its_one_thread(void **state)
{
    struct group group;
    void *block = zmalloc(100);
    size_t used = zmalloc_used_memory();
    struct outcome outcome;

    (void)state;
    start_threads(&group);
    outcome = run_child(a_forked_child_reports_of_itself, &used);
    end_threads(&group);
    assert_exited_with(&outcome, 0);
    zfree(block);
}

/* valgrind runs one thread at a time and may switch at each system call, of which a report makes
 * many. */
static unsigned rounds(void)
{
    return under_valgrind() ? 1 : 50;
}

/* Half of the threads report, the others allocate until those are ready. */
struct crowd {
    unsigned reporting; /* that are not ready yet */
    unsigned next;
    size_t held; /* all the time */
};

static void check_report(const struct crowd *crowd)
{
    char report[REPORT_SIZE];
    size_t used;

    child_check(zmalloc_stats_json(report, sizeof report) < (int)sizeof report);
    used = number(report, "\"used_bytes\":");
    child_check(used >= crowd->held && used <= number(report, "\"peak_bytes\":"));
    child_check(number(report, "\"live\":") <= THREADS + 1);
    child_check(report[strlen(report) - 1] == '}');
    child_check(zmalloc_stats_prometheus(report, sizeof report) < (int)sizeof report);
    child_check(report[strlen(report) - 1] == '\n');
}

static void *report_or_allocate(void *argument)
{
    struct crowd *crowd = argument;
    unsigned place = __atomic_fetch_add(&crowd->next, 1, __ATOMIC_RELAXED);

    if (place % 2 == 0) {
        for (unsigned i = rounds(); i > 0; i--)
            check_report(crowd);
        __atomic_fetch_sub(&crowd->reporting, 1, __ATOMIC_RELEASE);
    }
    for (size_t size = 1; __atomic_load_n(&crowd->reporting, __ATOMIC_ACQUIRE) > 0; size++)
        zfree(zmalloc(1 + size * 7919 % (64 * KIB)));
    return NULL;
}

static void threads_report_while_others_allocate(void **state)
{
    struct crowd crowd = {.reporting = THREADS / 2};
    void *block = zmalloc(7 * KIB);

    (void)state;
    crowd.held = zmalloc_size(block);
    run_threads(THREADS, report_or_allocate, &crowd);
    zfree(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(every_size_of_buffer_is_respected),
        zm_test(without_a_buffer_there_is_a_length),
        zm_test(errno_is_kept),
        zm_test(texts_are_those_of_the_functions),
        zm_test(figures_are_those_of_the_functions),
        zm_test(the_process_is_as_the_system_says),
        zm_test(ratios_are_of_what_stands_beside_them),
        zm_test(zones_are_in_every_form),
        zm_test(all_forms_say_the_same),
        zm_test(allocated_is_what_is_used),
        zm_test(threads_are_counted_while_they_live),
        zm_test(a_child_counts_its_one_thread),
        zm_test(threads_report_while_others_allocate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
