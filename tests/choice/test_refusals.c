/* SPDX-License-Identifier: BSD-3-Clause */

/* What the library does if the system refuses something: files, keys, address space, the dynamic
 * linker's help. It carries on with less, or says why it cannot. */

#include <errno.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choice_support.h"
#include "refused_calls.h"
#include "zmalloc_backend.h"

#define BLOCKS 1000
#define BLOCK_SIZE 100

/* Every test runs in a child, because what is chosen and refused there cannot be undone. */
static void holds(void (*body)(void *argument), void *argument)
{
    struct outcome outcome = run_child(body, argument);

    assert_prints(&outcome, "");
}

/* ---- /proc ---- */

static void nothing_is_known_without_proc(void *argument)
{
    long long value = 7;
    void *block = zmalloc(BLOCK_SIZE);

    (void)argument;
    refused.proc = "/nowhere";
    errno = 0;
    child_check(zmalloc_get_proc_stat(24, &value) == -1 && errno == ENOENT && value == 7);
    child_check(zmalloc_get_smap_bytes_by_field("Rss:", -1) == 0);
    child_check(zmalloc_get_private_dirty(-1) == 0);
    child_check(zmalloc_get_rss() == zmalloc_size(block));
    zfree(block);
}

static void must_report(const char *part)
{
    char report[8192];

    child_check(zmalloc_stats_json(report, sizeof report) > 0);
    if (strstr(report, part) == NULL)
        child_fail(part, report, 0);
}

static void reports_what_is_left(void *argument)
{
    char machine[100];

    (void)argument;
    refused.proc = "/nowhere";
    must_report("\"process\":{\"rss_bytes\":null,\"private_dirty_bytes\":null,\"minor_faults\":");
    must_report("\"rss_overhead\":null}");
    snprintf(machine, sizeof machine,
             "\"machine\":{\"memory_bytes\":%zu,\"limit_bytes\":%zu,\"high_bytes\":null},",
             zmalloc_get_memory_size(), zmalloc_get_memory_size());
    must_report(machine);
    refused.pages = -1;
    must_report("\"machine\":{\"memory_bytes\":null,\"limit_bytes\":null,\"high_bytes\":null},");
}

static void without_proc_statistics_know_less(void **state)
{
    (void)state;
    holds(reports_what_is_left, NULL);
}

static void without_proc_there_is_used_memory(void **state)
{
    (void)state;
    holds(nothing_is_known_without_proc, NULL);
}

struct stat_case {
    const char *text;
    int field;
    int result;
    long long value;
};

static char folder[FOLDER_SIZE];

static void write_file(const char *name, const char *text)
{
    char path[FOLDER_SIZE + 16];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void field_is_as_expected(void *argument)
{
    const struct stat_case *wanted = argument;
    long long value = wanted->value;

    refused.proc = folder;
    child_check(zmalloc_get_proc_stat(wanted->field, &value) == wanted->result);
    child_check(value == wanted->value);
}

static void a_field_of_stat_is_a_whole_number(void **state)
{
    static const struct stat_case cases[] = {
        {"12 (a) b) R 3 4\n", 4, 0, 3},
        {"12 (a) b) R 3 4\n", 5, 0, 4},
        {"12 (a) b) R 3 4\n", 3, -1, 0},
        {"12 (a) b) R 3 4\n", 6, -1, 0},
        {"12 (a) b) R 3 4\n", 1, -1, 0},
        {"12 without a name", 3, -1, 0},
        {"12 (cut off) R 3", 4, -1, 0},
        {"12 (a) R 3x 4\n", 4, -1, 0},
        {"", 3, -1, 0},
    };

    (void)state;
    make_folder(folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stat_case wanted = cases[i];

        write_file("stat", wanted.text);
        holds(field_is_as_expected, &wanted);
    }
    remove_folder(folder);
}

static void what_is_longer_than_any_stat_is_cut(void **state)
{
    struct stat_case first = {NULL, 4, 0, 3};
    char text[4096];

    (void)state;
    make_folder(folder);
    snprintf(text, sizeof text, "12 (a) R 3 %0*d\n", 2000, 4);
    write_file("stat", text);
    holds(field_is_as_expected, &first);
    remove_folder(folder);
}

#define SMAPS "Rss: 1 kB\nPrivate_Dirty: 4 kB\nPss: 1 kB\nPrivate_Dirty: 8 kB\n"

static void private_dirty_is(void *argument)
{
    refused.proc = folder;
    child_check(zmalloc_get_private_dirty(-1) == *(size_t *)argument);
}

static void the_system_adds_up_private_dirty(void **state)
{
    size_t of_smaps = 12 * 1024;
    size_t of_rollup = 16 * 1024;

    (void)state;
    make_folder(folder);
    write_file("smaps", SMAPS);
    holds(private_dirty_is, &of_smaps);
    write_file("smaps_rollup", "");
    holds(private_dirty_is, &of_smaps);
    write_file("smaps_rollup", "Private_Dirty: 16 kB\n");
    holds(private_dirty_is, &of_rollup);
    remove_folder(folder);
}

static void memory_size_has_its_limits(void **state)
{
    (void)state;
    refused.pages = -1;
    assert_int_equal(zmalloc_get_memory_size(), 0);
    refused.pages = LONG_MAX;
    assert_true(zmalloc_get_memory_size() == SIZE_MAX);
    refused.pages = 0;
}

/* ---- Threads that cannot register ---- */

static void *allocate_and_free(void *argument)
{
    void *blocks[BLOCKS];

    (void)argument;
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = zmalloc(BLOCK_SIZE);
    child_check(zmalloc_used_memory() >= BLOCKS * zmalloc_size(blocks[0]));
    for (size_t i = 0; i < BLOCKS; i++)
        zfree(blocks[i]);
    return NULL;
}

static void counts_all_the_same(void *argument)
{
    refused = *(const struct refused_calls *)argument;
    allocate_and_free(NULL);
    child_check(zmalloc_used_memory() == 0);
    run_threads(4, allocate_and_free, NULL);
    child_check(zmalloc_used_memory() == 0);
    child_check(zmalloc_peak_memory() >= BLOCKS * BLOCK_SIZE);
}

static void without_a_key_threads_are_counted(void **state)
{
    struct refused_calls no_key = {.no_key = true};
    struct refused_calls no_value = {.no_value = true};

    (void)state;
    holds(counts_all_the_same, &no_key);
    holds(counts_all_the_same, &no_value);
}

/* ---- Starts that fail ---- */

static const char *why_not(const char *name)
{
    static struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        if (strcmp(info.name, name) == 0)
            return info.why;
    return "not known";
}

static void says_why(void *argument)
{
    const char *name = argument;
    char list[64];

    child_check(zmalloc_backend_table(name) != NULL);
    refused.no_reservation = true;
    child_check(zmalloc_init(name) == -1 && errno == ENOMEM);
    child_check(strcmp(why_not(name), "failed to start: no memory") == 0);
    snprintf(list, sizeof list, "%s,libc", name);
    child_check(zmalloc_init(list) == 0);
    child_check(strcmp(zmalloc_backend_name(), "libc") == 0);
}

/* More than any machine has. */
#define LARGE_PAGE (64L << 20)

static void jemalloc_tells_of_pages(void *argument)
{
    (void)argument;
    refused.page_size = LARGE_PAGE;
    child_check(zmalloc_init("jemalloc") == -1 && errno == ENOTSUP);
    printf("%s", why_not("jemalloc"));
}

static void jemalloc_needs_pages_that_it_was_built_for(void **state)
{
    struct outcome outcome;

    (void)state;
    if (strstr(BUILT_IN, "jemalloc") == NULL)
        skip();
    outcome = run_child(jemalloc_tells_of_pages, NULL);
    assert_prints(&outcome,
                  "failed to start: it was built for smaller pages than the 67108864 bytes "
                  "of this system");
}

static void jemalloc_complains(void *argument)
{
    (void)argument;
    setenv("MALLOC_CONF", "nonsense:1", 1);
    child_check(zmalloc_init("jemalloc") == 0);
}

static void what_else_jemalloc_says_is_passed_on(void **state)
{
    struct outcome outcome;

    (void)state;
    if (strstr(BUILT_IN, "jemalloc") == NULL)
        skip();
    outcome = run_child(jemalloc_complains, NULL);
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "<jemalloc>: Invalid conf pair: nonsense:1\n");
}

/* ---- The table ---- */

static void table_is_protected(void *argument)
{
    refused = *(const struct refused_calls *)argument;
    child_check(zmalloc_init("libc") == 0);
    child_check(protections == (refused.page_size == 0 ? 1 : 0));
    allocate_and_free(NULL);
    child_check(zmalloc_used_memory() == 0);
}

static void where_pages_are_too_large_the_table_stays_writable(void **state)
{
    struct refused_calls large_pages = {.page_size = LARGE_PAGE};
    struct refused_calls unknown_pages = {.page_size = -1};
    struct refused_calls nothing = {0};

    (void)state;
    holds(table_is_protected, &large_pages);
    holds(table_is_protected, &unknown_pages);
    holds(table_is_protected, &nothing);
}

static void some_need_address_space(void **state)
{
    static const char *const names[] = {"jemalloc", "mimalloc"};
    size_t there = 0;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(AVAILABLE, names[i]) != NULL) {
            holds(says_why, (void *)(uintptr_t)names[i]);
            there++;
        }
    if (there == 0)
        skip();
}

/* ---- The C library does not know itself ---- */

static void version_is(void *argument)
{
    struct refused_calls *calls = argument;

    refused = *calls;
    child_check(zmalloc_init("libc") == 0);
    printf("%s", zmalloc_backend_version());
}

static void tells(struct refused_calls calls, const char *rest)
{
    struct outcome outcome = run_child(version_is, &calls);
    char version[64];

    snprintf(version, sizeof version, "%s%s", gnu_get_libc_version(), rest);
    assert_prints(&outcome, version);
}

static void a_malloc_of_unknown_origin_is_not_named(void **state)
{
    const void *malloc_itself = (const void *)(uintptr_t)malloc;
    const void *getpid_itself = (const void *)(uintptr_t)getpid;

    (void)state;
    tells((struct refused_calls){.unknown = malloc_itself}, "");
    tells((struct refused_calls){.unknown = getpid_itself}, "");
    tells((struct refused_calls){.renamed = malloc_itself, .renamed_file = "/a/b.so"},
          ", malloc of b.so");
    tells((struct refused_calls){.renamed = malloc_itself, .renamed_file = "b.so"},
          ", malloc of b.so");
}

/* ---- Messages ---- */

static unsigned writes;

static ssize_t write_slowly(int fd, const void *bytes, size_t size)
{
    if (++writes % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    return real_write(fd, bytes, size < 3 ? size : 3);
}

static ssize_t write_nothing(int fd, const void *bytes, size_t size)
{
    (void)fd;
    (void)bytes;
    (void)size;
    return 0;
}

static ssize_t fail_to_write(int fd, const void *bytes, size_t size)
{
    (void)fd;
    (void)bytes;
    (void)size;
    errno = EIO;
    return -1;
}

static void run_out_of_memory(void *argument)
{
    volatile size_t too_much = SIZE_MAX;

    child_check(zmalloc_init("libc") == 0);
    memcpy(&refused.write, argument, sizeof refused.write);
    child_check(zmalloc(too_much) == NULL);
}

static void dies_saying(ssize_t (*how)(int fd, const void *bytes, size_t size), const char *text)
{
    struct outcome outcome = run_child(run_out_of_memory, &how);

    assert_killed_by(&outcome, SIGABRT);
    assert_err_is(&outcome, text);
}

static void a_message_is_written_as_far_as_it_goes(void **state)
{
    char line[80];

    (void)state;
    snprintf(line, sizeof line, "zmalloc: Out of memory trying to allocate %zu bytes\n", SIZE_MAX);
    dies_saying(write_slowly, line);
    dies_saying(write_nothing, "");
    dies_saying(fail_to_write, "");
}

#define FOREIGN_MAX 8
#define MESSAGE_MAX 1000

/* Long names, and a value without a printable character. */
static void refuse_at_length(void *argument)
{
    static struct zmalloc_backend tables[FOREIGN_MAX];
    static char names[FOREIGN_MAX][32];
    char value[101];

    (void)argument;
    for (int i = 0; i < FOREIGN_MAX; i++) {
        tables[i] = *zmalloc_backend_table("libc");
        snprintf(names[i], sizeof names[i], "%d-%029d", i, i);
        tables[i].name = names[i];
        child_check(zmalloc_register_backend(&tables[i]) == 0);
    }
    memset(value, 1, sizeof value - 1);
    memcpy(value + 80, "+x", 3);
    setenv("ZMALLOC_BACKEND", value, 1);
    child_check(zmalloc_init(NULL) == -1);
    zfree(zmalloc(1));
}

static void a_message_that_is_too_long_is_cut(void **state)
{
    struct outcome outcome = run_child(refuse_at_length, NULL);

    (void)state;
    assert_exited_with(&outcome, 78);
    assert_err_is_line_with(&outcome, "zmalloc: ZMALLOC_BACKEND=\"\\x01\\x01");
    assert_int_equal(strlen(outcome.err), strlen("zmalloc: ") + MESSAGE_MAX + strlen("\n"));
}

/* ---- The dynamic linker ---- */

#ifdef WITH_MODULES

#define NOT_THERE "libzmalloc-nothere.so"

struct linker_case {
    struct refused_calls calls;
    int error;
    const char *why;
};

static void asks_the_linker(void *argument)
{
    const struct linker_case *wanted = argument;

    refused = wanted->calls;
    child_check(zmalloc_init("nothere") == -1);
    printf("%d, ", errno);
    printf("%s\n", why_not("nothere"));
}

static void what_the_linker_says_decides(void **state)
{
    static const struct linker_case cases[] = {
        {{0}, ENOENT, "not known"},
        {{.no_locale = true}, ENOENT, "not known"},
        {{.complaint = "Error loading shared library " NOT_THERE ": No such file or directory"},
         ENOENT,
         "not known"},
        {{.silent = true}, ENOEXEC, "failed to start: the dynamic linker does not say why"},
        {{.complaint = NOT_THERE ": cannot open shared object file: Permission denied"},
         ENOEXEC,
         "failed to start: " NOT_THERE ": cannot open shared object file: Permission denied"},
        {{.complaint = NOT_THERE ".1: No such file or directory"},
         ENOEXEC,
         "failed to start: " NOT_THERE ".1: No such file or directory"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct linker_case wanted = cases[i];
        struct outcome outcome = run_child(asks_the_linker, &wanted);
        char said[200];

        snprintf(said, sizeof said, "%d, %s\n", wanted.error, wanted.why);
        assert_prints(&outcome, said);
    }
}

static void takes_it_to_be_there(void *argument)
{
    child_check(zmalloc_init("libc") == 0);
    child_check(zmalloc_init("nothere") == -1 && errno == ENOENT);
    refused = *(const struct refused_calls *)argument;
    child_check(zmalloc_init("nothere") == -1 && errno == EBUSY);
}

static void knows_that_it_is_not_there(void *argument)
{
    refused = *(const struct refused_calls *)argument;
    child_check(zmalloc_init("libc") == 0);
    child_check(zmalloc_init("nothere") == -1 && errno == ENOENT);
}

static void the_search_path_may_be_long(void **state)
{
    struct refused_calls calls = {.search_path_size = 1 << 20};

    (void)state;
    holds(knows_that_it_is_not_there, &calls);
}

static void where_nothing_tells_a_module_may_be_there(void **state)
{
    /* The library asks for twice as much. */
    const size_t too_much = SIZE_MAX / 2 - (1 << 20);
    struct refused_calls cases[] = {
        {.no_map = true}, {.no_dlinfo = 1}, {.no_dlinfo = 2}, {.search_path_size = too_much}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        holds(takes_it_to_be_there, &cases[i]);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(without_proc_there_is_used_memory),
        zm_test(without_proc_statistics_know_less),
        zm_test(the_system_adds_up_private_dirty),
        zm_test(a_field_of_stat_is_a_whole_number),
        zm_test(what_is_longer_than_any_stat_is_cut),
        zm_test(memory_size_has_its_limits),
        zm_test(without_a_key_threads_are_counted),
        zm_test(jemalloc_needs_pages_that_it_was_built_for),
        zm_test(what_else_jemalloc_says_is_passed_on),
        zm_test(where_pages_are_too_large_the_table_stays_writable),
        zm_test(some_need_address_space),
        zm_test(a_malloc_of_unknown_origin_is_not_named),
        zm_test(a_message_is_written_as_far_as_it_goes),
        zm_test(a_message_that_is_too_long_is_cut),
#ifdef WITH_MODULES
        zm_test(what_the_linker_says_decides),
        zm_test(where_nothing_tells_a_module_may_be_there),
        zm_test(the_search_path_may_be_long),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
