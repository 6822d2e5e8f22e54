/* SPDX-License-Identifier: BSD-3-Clause */

/* ZMALLOC_SAMPLE: what it makes a program do, and what is said of wrong values. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support.h"

static char folder[] = "/tmp/zmalloc-test-sample.XXXXXX";

/* The program under such a value, where %s is the folder; acts are separated by blanks. */
static struct outcome run(const char *value, const char *acts)
{
    char words[200];
    char variable[600];
    char text[500];
    const char *arguments[10] = {path_beside("sample-program")};
    const char *environment[] = {variable, NULL};
    size_t count = 1;

    snprintf(text, sizeof text, value, folder);
    snprintf(variable, sizeof variable, "ZMALLOC_SAMPLE=%s", text);
    snprintf(words, sizeof words, "%s", acts);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        arguments[count++] = word;
    return run_program(arguments, environment);
}

/* ---- Files ---- */

static size_t for_each_file(void (*function)(const char *path))
{
    DIR *listing = opendir(folder);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(listing);
    while ((entry = readdir(listing)) != NULL) {
        char path[400];

        if (entry->d_name[0] == '.')
            continue;
        count++;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (function != NULL)
            function(path);
    }
    closedir(listing);
    return count;
}

static void remove_file(const char *path)
{
    unlink(path);
}

static int empty_folder(void **state)
{
    (void)state;
    for_each_file(remove_file);
    return 0;
}

#define file_test(function) cmocka_unit_test_teardown(function, empty_folder)

static char *contents(const char *name)
{
    static char text[1 << 20];
    char path[400];
    ssize_t length;
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        fail_msg("%s: %s", path, strerror(errno));
    length = read(fd, text, sizeof text - 1);
    assert_true(length >= 0);
    text[length] = '\0';
    close(fd);
    return text;
}

#ifdef NO_UNWINDER
#define STACK ""
#else
#define STACK " 0x"
#endif

/* At the interval of 1 byte every block is sampled: the figures are exact. */
static void assert_has_leak(const char *name)
{
    const char *text = contents(name);
    const char *line = strstr(text, "\n100: 100000 [100: 100000] @" STACK);

    assert_memory_equal(text, "heap profile: ", strlen("heap profile: "));
    if (line == NULL)
        fail_msg("%s has no line of 100 blocks: %s", name, text);
    assert_non_null(strstr(line, "\nMAPPED_LIBRARIES:\n"));
    assert_non_null(strstr(line, "sample-program"));
}

static void a_profile_is_written_at_exit(void **state)
{
    struct outcome outcome = run("1,file=%s/heap", "leak");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
    assert_has_leak("heap");
    assert_int_equal(for_each_file(NULL), 1);
}

static void a_file_that_is_there_is_replaced(void **state)
{
    struct outcome outcome = run("1,file=%s/heap", "leak");

    (void)state;
    outcome = run("1,file=%s/heap", "");
    assert_exited_with(&outcome, 0);
    assert_null(strstr(contents("heap"), "100: 100000"));
}

static void each_signal_makes_a_profile(void **state)
{
    struct outcome outcome = run("1,signal=USR2,file=%s/%%n.100%%%%", "raise leak raise");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
    assert_int_equal(for_each_file(NULL), 3);
    assert_null(strstr(contents("1.100%"), "100: 100000"));
    assert_has_leak("2.100%");
    assert_has_leak("3.100%");
}

static void a_child_has_a_file_of_its_own(void **state)
{
    struct outcome outcome = run("1,file=%s/%%p.%%x.heap%%", "leak fork");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_int_equal(for_each_file(NULL), 2);
}

static void without_frames_stacks_are_unknown(void **state)
{
    struct outcome outcome = run("1,frames=0,file=%s/heap", "leak");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_non_null(strstr(contents("heap"), "100: 100000 [100: 100000] @\n"));
}

/* At an interval at which about half of the leak's blocks are sampled. */
static void a_seed_repeats_the_samples(void **state)
{
    static const char *const values[] = {"1500,seed=7,file=%s/heap", "1500,seed=8,file=%s/heap",
                                         "1500,file=%s/heap"};
    static char first[400];
    static char again[400];
    bool differed = false;

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct outcome outcome = run(values[i], "leak");

        assert_exited_with(&outcome, 0);
        snprintf(first, sizeof first, "%.*s", (int)strcspn(contents("heap"), "\n"),
                 contents("heap"));
        for (int times = 0; times < (i == 2 ? 20 : 4) && !differed; times++) {
            outcome = run(values[i], "leak");
            assert_exited_with(&outcome, 0);
            snprintf(again, sizeof again, "%.*s", (int)strcspn(contents("heap"), "\n"),
                     contents("heap"));
            differed = strcmp(first, again) != 0;
        }
        assert_int_equal(differed, i == 2);
    }
}

static void off_nothing_is_sampled(void **state)
{
    struct outcome outcome = run("off,file=%s/heap", "leak");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_memory_equal(contents("heap"), "heap profile: 0: 0 [0: 0] @", 27);
}

static void what_is_too_much_is_dropped(void **state)
{
    struct outcome outcome = run("1,max=10,file=%s/heap", "leak dropped");

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_non_null(strstr(contents("heap"), "10: 10000 [10: 10000] @" STACK));
    assert_string_equal(outcome.out, "dropped 90\n");
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    struct outcome outcome = run("1,file=%s/no/heap", "leak");
    char expected[600];

    (void)state;
    assert_exited_with(&outcome, 0);
    snprintf(expected, sizeof expected,
             "zmalloc: ZMALLOC_SAMPLE: cannot open \"%s/no/heap\": No such file or directory\n",
             folder);
    assert_err_is(&outcome, expected);
    outcome = run("1,file=/dev/full", "leak");
    assert_exited_with(&outcome, 0);
    assert_err_is(
        &outcome,
        "zmalloc: ZMALLOC_SAMPLE: cannot write to \"/dev/full\": No space left on device\n");
}

/* ---- Wrong values ---- */

#define INTERVAL                                                                                   \
    "it is no interval, which is a number of bytes, or one with k, m or g, or off; and none of "   \
    "the options file=PATH signal=NAME max=N frames=N seed=N guard slots=N"

static void wrong_values_end_the_program(void **state)
{
    static const struct {
        const char *value;
        const char *element;
        const char *right;
    } rows[] = {
        {"0", "0", INTERVAL},
        {"12x", "12x", INTERVAL},
        {"64K,often", "often", INTERVAL},
        {"99999999999g", "99999999999g", INTERVAL},
        {"max=0", "max=0", "max=N: 1 to 16777216 blocks"},
        {"max=16777217", "max=16777217", "max=N: 1 to 16777216 blocks"},
        {"frames=65", "frames=65", "frames=N: 0 to 64"},
        {"frames=", "frames=", "frames=N: 0 to 64"},
        {"frames=1x", "frames=1x", "frames=N: 0 to 64"},
        {"signal=KILL,file=x", "signal=KILL",
         "signal=NAME: one that a process can handle, such as USR2"},
        {"file=", "file=", "file=PATH: 1 to 255 bytes"},
        {"seed=", "seed=", "seed=N: a number below 2^63"},
        {"seed=9223372036854775808", "seed=9223372036854775808", "seed=N: a number below 2^63"},
        {"guard=1", "guard=1", "guard has no value"},
        {"slots=0", "slots=0", "slots=N: 1 to 16384 guarded blocks"},
        {"slots=16385", "slots=16385", "slots=N: 1 to 16384 guarded blocks"},
        {"signal=SEGV,file=x", "signal=SEGV",
         "signal=NAME: one that a process can handle, such as USR2"},
        {"signal=FOO,file=x", "signal=FOO",
         "signal=NAME: one that a process can handle, such as USR2"},
    };
    struct outcome outcome;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[600];

        outcome = run(rows[i].value, "leak");
        assert_exited_with(&outcome, 78);
        snprintf(expected, sizeof expected, "zmalloc: ZMALLOC_SAMPLE=\"%s\": \"%s\": %s\n",
                 rows[i].value, rows[i].element, rows[i].right);
        assert_err_is(&outcome, expected);
    }
    outcome = run("slots=3,guard,1,file=%s/heap", "leak");
    assert_exited_with(&outcome, 0);
    outcome = run("signal=USR2", "leak");
    assert_exited_with(&outcome, 78);
    assert_err_is(
        &outcome,
        "zmalloc: ZMALLOC_SAMPLE=\"signal=USR2\": signal=NAME takes a file=PATH as well\n");
}

/* ---- Without addresses ---- */

/* A fault must not be missed because there was no room for guards: the program is told. */
static void without_addresses_for_guards_it_ends(void **state)
{
    static const char text[] = "guard,slots=16384";
    uint64_t size = (uint64_t)16384 * 17 * (uint64_t)sysconf(_SC_PAGESIZE);
    struct rlimit before;
    struct rlimit limit;
    struct outcome outcome;
    char expected[300];
    void *there;

    (void)state;
    if (UNDER_SANITIZER || under_valgrind())
        skip(); /* it needs more addresses itself */
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)(size <= SIZE_MAX ? 3 * (size / 4) : before.rlim_cur);
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    there = size <= SIZE_MAX ? mmap(NULL, (size_t)size, PROT_NONE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                             : MAP_FAILED;
    outcome = run(text, "leak");
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    if (there != MAP_FAILED) {
        munmap(there, (size_t)size);
        skip(); /* an emulator does not keep to the limit */
    }
    assert_exited_with(&outcome, 78);
    snprintf(expected, sizeof expected,
             "zmalloc: ZMALLOC_SAMPLE=\"%s\": there are no %" PRIu64
             " bytes of addresses for 16384 guarded blocks\n",
             text, size);
    assert_err_is(&outcome, expected);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(a_profile_is_written_at_exit),
        file_test(a_file_that_is_there_is_replaced),
        file_test(each_signal_makes_a_profile),
        file_test(a_child_has_a_file_of_its_own),
        file_test(without_frames_stacks_are_unknown),
        file_test(a_seed_repeats_the_samples),
        file_test(off_nothing_is_sampled),
        file_test(what_is_too_much_is_dropped),
        file_test(a_file_that_cannot_be_written_is_told),
        file_test(wrong_values_end_the_program),
        cmocka_unit_test(without_addresses_for_guards_it_ends),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
