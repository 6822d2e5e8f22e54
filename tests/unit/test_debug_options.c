/* SPDX-License-Identifier: BSD-3-Clause */

/* The layer debug with options, and what it does at exit, in separate programs. */

#include "debug_lines.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define WORDS_MAX 16

/* Runs the program with those words and ZMALLOC_DEBUG set to that value, or unset if it is NULL.
 * Removes the line about a missing unwinder from its output. */
static struct outcome run_debug(const char *options, const char *const *words)
{
    char variable[512];
    const char *environment[] = {variable, "MALLOC_PERTURB_", NULL};
    const char *arguments[WORDS_MAX + 2] = {path_beside("debug-program")};
    struct outcome outcome;

    snprintf(variable, sizeof variable, "ZMALLOC_DEBUG%s%s", options != NULL ? "=" : "",
             options != NULL ? options : "");
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
        arguments[i + 1] = words[i];
    outcome = run_program(arguments, environment);
    pass_over_no_stacks(&outcome);
    return outcome;
}

static void is_silent(const char *options, const char *const *words)
{
    struct outcome outcome = run_debug(options, words);

    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
}

/* Asserts that the first line begins with name, then a pointer, and then this text. */
static void tells(const char *options, const char *const *words, const char *name, const char *what)
{
    struct outcome outcome = run_debug(options, words);
    size_t length = strlen(name);
    const char *colon;

    assert_told(&outcome, "%s 0x", name);
    colon = strstr(outcome.err + strlen("zmalloc: debug: ") + length, ": ");
    assert_non_null(colon);
    if (strncmp(colon + 2, what, strlen(what)) != 0)
        fail_msg("expected %s, not %s", what, colon + 2);
}

/* ---- The quarantine ---- */

#define WRITTEN "written after free: byte 17 is 0x41; block of 100 bytes, allocated at "
#define AT_EXIT "check at exit of"
#define AT_END "end of quarantine of"

static void a_write_after_free_is_found_in_the_end(void **state)
{
    const char *const words[] = {"alloc", "free", "write", "17", NULL};

    (void)state;
    tells(NULL, words, AT_EXIT, WRITTEN);
    tells("check=yes", words, AT_EXIT, WRITTEN);
    tells("check=no,check", words, AT_EXIT, WRITTEN);
    is_silent("check=no", words);
}

static void a_write_next_to_a_freed_block_is_found(void **state)
{
    (void)state;
    tells(NULL, WORDS("alloc", "free", "write", "0"), AT_EXIT,
          "written after free: byte 0 is 0x41");
    tells(NULL, WORDS("alloc", "free", "write", "99"), AT_EXIT,
          "written after free: byte 99 is 0x41");
    tells(NULL, WORDS("alloc", "free", "write", "100"), AT_EXIT,
          "written after free: byte 1 past its end is 0x41");
    tells(NULL, WORDS("alloc", "free", "write", "18446744073709551615"), AT_EXIT,
          "written after free: byte 1 before its start is 0x41");
}

static void a_live_block_is_looked_at_in_the_end(void **state)
{
    (void)state;
    tells(NULL, WORDS("alloc", "write", "100"), AT_EXIT, "overflow: byte 1 past its end is 0x41");
    is_silent(NULL, WORDS("alloc", "write", "99"));
}

/* 100,000 bytes have room for fewer than a hundred blocks of 1000, and for more than fifty. */
static void the_quarantine_is_bounded(void **state)
{
    (void)state;
    tells("quarantine=100000", WORDS("alloc", "free", "write", "17", "other", "50"), AT_EXIT,
          WRITTEN);
    tells("quarantine=100000", WORDS("alloc", "free", "write", "17", "other", "100"), AT_END,
          WRITTEN);
    tells("quarantine=97k", WORDS("alloc", "free", "write", "17", "other", "100"), AT_END, WRITTEN);
    tells("quarantine=1M", WORDS("alloc", "free", "write", "17", "other", "100"), AT_EXIT, WRITTEN);
    tells("quarantine=1G", WORDS("alloc", "free", "write", "17", "other", "20000"), AT_EXIT,
          WRITTEN);
    tells(NULL, WORDS("alloc", "free", "write", "17", "other", "20000"), AT_END, WRITTEN);
}

static void what_is_larger_than_the_quarantine_leaves_the_others_in_it(void **state)
{
    (void)state;
    tells("quarantine=100000",
          WORDS("alloc", "free", "write", "17", "large", "100000", "large", "200000"), AT_EXIT,
          WRITTEN);
    is_silent("quarantine=100000", WORDS("large", "100000", "alloc", "free"));
}

static void without_a_quarantine_nothing_is_kept(void **state)
{
    (void)state;
    tells("quarantine=0", WORDS("alloc", "free", "free"), "free of", "not a block of zmalloc");
    tells("quarantine=0", WORDS("alloc", "write", "100", "free"), "free of", "overflow: ");
    is_silent("quarantine=0", WORDS("alloc", "free", "alloc", "free", "other", "100"));
}

static void a_purge_empties_the_quarantine(void **state)
{
    (void)state;
    tells(NULL, WORDS("alloc", "free", "write", "17", "purge"), AT_END, WRITTEN);
    tells(NULL, WORDS("alloc", "free", "purge", "free"), "free of", "not a block of zmalloc");
    is_silent(NULL, WORDS("purge", "alloc", "free", "purge", "purge"));
}

/* ---- Fillings ---- */

static void as_much_is_filled_as_is_asked_for(void **state)
{
    (void)state;
    tells("fill=18", WORDS("alloc", "free", "write", "17"), AT_EXIT, WRITTEN);
    is_silent("fill=17", WORDS("alloc", "free", "write", "17"));
    is_silent("fill=0", WORDS("alloc", "free", "write", "0"));
    tells("fill=0", WORDS("alloc", "free", "write", "100"), AT_EXIT,
          "written after free: byte 1 past its end");
}

/* ---- Canaries ---- */

static void is_guarded_by(const char *options, int canary)
{
    char last[16];
    char first[24];
    char behind[64];
    char before[64];

    snprintf(last, sizeof last, "%d", 100 + canary - 1);
    snprintf(first, sizeof first, "%lu", (unsigned long)-canary);
    snprintf(behind, sizeof behind, "overflow: byte %d past its end is 0x41", canary);
    snprintf(before, sizeof before, "underflow: byte %d before its start is 0x41", canary);
    tells(options, WORDS("alloc", "write", last, "free"), "free of", behind);
    tells(options, WORDS("alloc", "write", first, "free"), "free of", before);
    tells(options, WORDS("alloc", "write", last), AT_EXIT, behind);
}

static void canaries_are_as_wide_as_is_asked_for(void **state)
{
    (void)state;
    is_guarded_by(NULL, 32);
    is_guarded_by("canary=16", 16);
    is_guarded_by("canary=17", 32);
    is_guarded_by("canary=100", 112);
    is_guarded_by("canary=4k", 4096);
    is_guarded_by("canary=65536", 65536);
    is_guarded_by("canary=64K,fill=0", 65536);
}

/* Two processes that have the random bytes of one program's start, as one has that forks, and one
 * more that the system gives no others. */
static void canaries_tell_nothing_of_the_random_bytes_of_the_start(void **state)
{
    char list[64];
    const char *const environment[] = {"ZMALLOC_BACKEND", "ZMALLOC_DEBUG=frames=0", NULL};
    const char *const arguments[] = {path_beside("debug-program"), "canaries", list, NULL};
    struct outcome outcome;
    char addresses[4][32];
    char canaries[4][80];

    (void)state;
    snprintf(list, sizeof list, "debug+%s", name_without_layers());
    outcome = run_program(arguments, environment);
    assert_exited_with(&outcome, 0);
    assert_int_equal(sscanf(outcome.out, "%31s %79s %31s %79s %31s %79s %31s %79s", addresses[0],
                            canaries[0], addresses[1], canaries[1], addresses[2], canaries[2],
                            addresses[3], canaries[3]),
                     8);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = i + 1; k < 4; k++)
            assert_string_not_equal(canaries[i], canaries[k]);
    /* An emulator puts them elsewhere in each process. */
    if (strcmp(name_without_layers(), "libc") == 0 && !under_emulator())
        assert_string_equal(addresses[0], addresses[3]);
}

/* ---- Traces ---- */

static void has_frames(const char *options, size_t least, size_t most)
{
    struct outcome outcome = run_debug(options, WORDS("alloc", "free", "free"));
    const char *const traces[] = {"allocated at", "freed at", "now at"};

    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
        size_t count = count_trace(outcome.err, traces[i]);

        if (count < least || count > most)
            fail_msg("%zu frames: %s", count, outcome.err);
    }
}

static void a_trace_has_as_many_frames_as_are_asked_for(void **state)
{
    (void)state;
    tells("frames=0", WORDS("alloc", "free", "free"), "free of",
          "it was freed before; block of 100 bytes, allocated at an unknown place, freed at an "
          "unknown place; now at an unknown place\n");
    has_frames("frames=0", 0, 0);
    skip_without_call_stacks();
    has_frames("frames=1", 1, 1);
    has_frames("frames=2", 2, 2);
    has_frames("frames=16", 3, 16);
    has_frames(NULL, 3, 8);
}

static void there_is_room_for_many_places(void **state)
{
    (void)state;
    is_silent("frames=16", WORDS("sites", "4096", "sites", "4096"));
}

/* ---- Leaks ---- */

static void the_leaks_are_told_by_place(void **state)
{
    struct outcome outcome = run_debug("leaks", WORDS("alloc", "free", "leak", "used"));
    const char *at = outcome.err;

    (void)state;
    skip_without_call_stacks();
    assert_exited_with(&outcome, 0);
    assert_string_equal(outcome.out, "53\n");
    assert_non_null(strstr(at, "zmalloc: debug: process "));
    assert_non_null(at = strstr(at, " exits with 53 bytes in 3 blocks in use\n"));
    assert_non_null(
        at = strstr(at, "\nzmalloc: debug: in use: 50 bytes in 1 block, allocated at debug-pro"));
    assert_non_null(
        at = strstr(at, "\nzmalloc: debug: in use: 3 bytes in 2 blocks, allocated at debug-pro"));
    assert_ptr_equal(strchr(at + 1, '\n') + 1, outcome.err + strlen(outcome.err));
}

/* Asserts that the sizes in the lines, of those that were kept, never grow. Returns the number of
 * lines. */
static size_t count_falling_lines(const char *text)
{
    static const char begins[] = "\nzmalloc: debug: in use: ";
    size_t lines = 0;
    size_t last = SIZE_MAX;

    while ((text = strstr(text, begins)) != NULL) {
        size_t bytes;

        text += strlen(begins);
        bytes = strtoul(text, NULL, 10);
        assert_true(bytes <= last);
        last = bytes;
        lines++;
    }
    return lines;
}

static void the_largest_leaks_are_told_first(void **state)
{
    struct outcome outcome = run_debug("leaks,frames=16", WORDS("leak-sites", "30"));

    (void)state;
    skip_without_call_stacks();
    assert_exited_with(&outcome, 0);
    assert_non_null(strstr(outcome.err, " in 30 blocks in use\n"));
    assert_int_equal(count_falling_lines(outcome.err), 30);
}

/* This is only fast enough if places are not all compared with each other. */
static void many_places_are_told_soon(void **state)
{
    const bool is_slow = UNDER_SANITIZER || under_valgrind() || under_emulator();
    struct outcome outcome = run_debug(
        "leaks,frames=16", WORDS("seconds", is_slow ? "100" : "3", "leak-sites", "32768"));

    (void)state;
    skip_without_call_stacks();
    assert_exited_with(&outcome, 0);
    assert_non_null(strstr(outcome.err, " in 32768 blocks in use\n"));
    assert_true(count_falling_lines(outcome.err) > 20);
}

static void skip_without_plugins(void)
{
    struct outcome outcome = run_debug("frames=0", WORDS("plugin-a"));

    assert_exited_with(&outcome, 0);
    if (strstr(outcome.out, "no plug-ins") != NULL) {
        print_message("skipped: a static program opens no plug-ins\n");
        skip();
    }
}

/* The second one comes where the first was, and both have the same code. */
static void a_plugin_that_was_closed_is_named(void **state)
{
    struct outcome outcome;
    const char *at;

    (void)state;
    skip_under_emulator("opens each library at another address");
    skip_without_plugins();
    skip_without_call_stacks();
    outcome = run_debug("leaks,frames=2", WORDS("plugin-a", "plugin-b", "plugin-b", "plugin-a",
                                                "plugin-b", "plugin-b"));
    assert_exited_with(&outcome, 0);
    at = strstr(outcome.err, "\nzmalloc: debug: in use: 400 bytes in 4 blocks, allocated at "
                             "debug-plugin-b.so+0x");
    assert_non_null(at);
    at = strstr(at, "\nzmalloc: debug: in use: 200 bytes in 2 blocks, allocated at "
                    "debug-plugin-a.so+0x");
    assert_non_null(at);
    assert_ptr_equal(strchr(at + 1, '\n') + 1, outcome.err + strlen(outcome.err));
}

static void what_has_no_place_is_told_together(void **state)
{
    struct outcome outcome = run_debug("leaks=yes,frames=0", WORDS("leak", "alloc"));

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_non_null(strstr(outcome.err, " exits with 153 bytes in 4 blocks in use\n"
                                        "zmalloc: debug: in use: 153 bytes in 4 blocks, allocated "
                                        "at an unknown place\n"));
}

static void without_leaks_there_are_none(void **state)
{
    struct outcome outcome = run_debug("leaks", WORDS("alloc", "free"));

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_err_is_line_with(&outcome, " exits with 0 bytes in 0 blocks in use\n");
    is_silent(NULL, WORDS("leak"));
    is_silent("leaks=no", WORDS("leak"));
}

static void a_forked_child_tells_its_own(void **state)
{
    struct outcome outcome = run_debug("leaks,frames=0", WORDS("alloc", "fork", "used", "free"));
    const char *second;

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_string_equal(outcome.out, "100\n100\n");
    second = strchr(outcome.err, '\n') + 1;
    assert_non_null(strstr(outcome.err, " exits with 0 bytes in 0 blocks in use\n"));
    assert_non_null(strstr(second, " exits with 0 bytes in 0 blocks in use\n"));
    assert_int_not_equal(atoi(outcome.err + strlen("zmalloc: debug: process ")),
                         atoi(second + strlen("zmalloc: debug: process ")));
}

static void skip_without_preload(void)
{
    if (under_emulator() || getenv("REFUSING") == NULL || *getenv("REFUSING") == '\0') {
        print_message("skipped: nothing can be preloaded here\n");
        skip();
    }
}

static void skip_without_handlers(void)
{
    struct outcome outcome = run_debug("frames=0", WORDS("fork-beside"));

    assert_exited_with(&outcome, 0);
    if (strstr(outcome.out, "no handlers") != NULL) {
        print_message("skipped: no handler of fork comes before those of the library\n");
        skip();
    }
}

/* Before unwinding, which may take a lock of the dynamic linker that a child must not find held. */
static void who_allocates_during_a_fork_waits_for_it(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_without_handlers();
    outcome = run_debug("frames=2", WORDS("fork-beside", "used"));
    assert_exited_with(&outcome, 0);
    assert_string_equal(outcome.out, "0\n0\n");
}

/* A handler asks for the size of the block. */
static void a_misuse_within_a_fork_is_told(void **state)
{
    (void)state;
    skip_without_handlers();
    tells("frames=2", WORDS("alloc", "free", "fork"), "size of",
          "it was freed before; block of 100 bytes, allocated at ");
}

/* A signal handler may come at any time. */
static void a_thread_may_fork_while_it_is_unwound(void **state)
{
    char preload[4096];
    const char *const environment[] = {preload, "ZMALLOC_DEBUG", NULL};
    const char *arguments[] = {NULL, "other", "3", NULL};
    struct outcome outcome;

    (void)state;
    skip_without_preload();
    skip_without_call_stacks();
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", path_beside("fork-in-linker.so"));
    arguments[0] = path_beside("debug-program");
    outcome = run_program(arguments, environment);
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
}

/* ---- Without memory ---- */

static void skip_where_memory_cannot_be_refused(void)
{
    if (UNDER_SANITIZER) {
        print_message("skipped: a sanitizer ends where it gets no memory for itself\n");
        skip();
    }
    skip_under_emulator("does not limit the address space");
}

static void without_memory_for_a_trace_the_place_is_unknown(void **state)
{
    (void)state;
    skip_without_call_stacks();
    skip_where_memory_cannot_be_refused();
    is_silent("frames=16,quarantine=0",
              WORDS("sites", "1", "no-memory", "sites", "4096", "memory"));
}

/* Before the choice nothing has been asked of the system. */
static void without_memory_for_its_table_it_is_not_chosen(void **state)
{
    const char *const environment[] = {"ZMALLOC_BACKEND", "ZMALLOC_DEBUG=frames=0", NULL};
    const char *const arguments[] = {path_beside("debug-program"),
                                     "no-memory",
                                     "init",
                                     "debug+libc",
                                     "memory",
                                     "init",
                                     "debug+libc",
                                     NULL};
    struct outcome outcome;

    (void)state;
    skip_where_memory_cannot_be_refused();
    outcome = run_program(arguments, environment);
    assert_exited_with(&outcome, 0);
    assert_string_equal(outcome.out, "12\n0\n");
    assert_err_is(&outcome, "");
}

static void without_memory_for_its_table_a_request_fails(void **state)
{
    (void)state;
    skip_where_memory_cannot_be_refused();
    /* Blocks of 1000 bytes until the table is nearly full, with memory for more of them. */
    is_silent("quarantine=5M", WORDS("large", "6000000", "large", "6000000", "other", "4050",
                                     "no-memory", "exhaust", "memory"));
    is_silent(NULL, WORDS("other", "20000", "purge", "no-memory", "exhaust", "memory"));
}

/* ---- Options ---- */

static void is_refused(const char *options, const char *element, const char *why)
{
    struct outcome outcome = run_debug(options, WORDS("alloc"));
    char line[512];

    snprintf(line, sizeof line, "zmalloc: ZMALLOC_DEBUG=\"%s\": \"%s\": %s\n", options, element,
             why);
    assert_exited_with(&outcome, 78);
    assert_err_is(&outcome, line);
}

#define BYTES " is a number of bytes, or one with k, m or g for KiB, MiB or GiB"
#define UNKNOWN "no such option; they are quarantine fill canary frames check leaks"

#define CANARY "canary is 16 to 65536 bytes"

static void what_is_no_option_is_refused(void **state)
{
    (void)state;
    is_refused("nothing", "nothing", UNKNOWN);
    is_refused("leak", "leak", UNKNOWN);
    is_refused("leakss", "leakss", UNKNOWN);
    is_refused("LEAKS", "LEAKS", UNKNOWN);
    is_refused("leaks, =1", "=1", UNKNOWN);
    is_refused("quarantine", "quarantine", "quarantine" BYTES);
    is_refused("quarantine=", "quarantine=", "quarantine" BYTES);
    is_refused("quarantine=-1", "quarantine=-1", "quarantine" BYTES);
    is_refused("quarantine=1t", "quarantine=1t", "quarantine" BYTES);
    is_refused("quarantine=1KB", "quarantine=1KB", "quarantine" BYTES);
    is_refused("fill=K", "fill=K", "fill" BYTES);
    is_refused("fill=1 ,fill = 1", "fill = 1", UNKNOWN);
    is_refused("fill=18446744073709551616", "fill=18446744073709551616", "fill" BYTES);
    is_refused("fill=18446744073709551620", "fill=18446744073709551620", "fill" BYTES);
    is_refused("fill=18446744073709551615G", "fill=18446744073709551615G", "fill" BYTES);
    is_refused("fill=18446744073709551615", "fill=18446744073709551615", "fill" BYTES);
    is_refused("canary=15", "canary=15", CANARY);
    is_refused("canary=0", "canary=0", CANARY);
    is_refused("canary=65537", "canary=65537", CANARY);
    is_refused("canary=65k", "canary=65k", CANARY);
    is_refused("canary=1m", "canary=1m", CANARY);
    is_refused("canary=18446744073709551648", "canary=18446744073709551648", CANARY);
    is_refused("canary=32x", "canary=32x", CANARY);
    is_refused("canary=", "canary=", CANARY);
    is_refused("canary", "canary", CANARY);
    is_refused("frames=4294967297", "frames=4294967297", "frames is 0 to 16");
    is_refused("frames=17", "frames=17", "frames is 0 to 16");
    is_refused("frames=1x", "frames=1x", "frames is 0 to 16");
    is_refused("frames=", "frames=", "frames is 0 to 16");
    is_refused("frames", "frames", "frames is 0 to 16");
    is_refused("leaks=1", "leaks=1", "leaks is yes or no");
    is_refused("leaks=ye", "leaks=ye", "leaks is yes or no");
    is_refused("leaks=yess", "leaks=yess", "leaks is yes or no");
    is_refused("leaks=abc", "leaks=abc", "leaks is yes or no");
    is_refused("check=", "check=", "check is yes or no");
}

static void the_last_of_a_kind_counts(void **state)
{
    (void)state;
    is_silent(" , frames=1 ,leaks,,\tleaks=no,", WORDS("leak"));
    is_silent("fill=1G,fill=0", WORDS("alloc", "free", "write", "17"));
}

/* ---- A system without libgcc_s ---- */

static void without_an_unwinder_places_are_unknown(void **state)
{
    char preload[4096];
    const char *environment[] = {preload, "REFUSED_LIBRARY=libgcc_s", "ZMALLOC_DEBUG", NULL};
    const char *const arguments[] = {path_beside("debug-program"), "alloc", "free", "free", NULL};
    struct outcome outcome;
    const char *line;

    (void)state;
    skip_without_preload();
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", getenv("REFUSING"));
    outcome = run_program(arguments, environment);
    assert_killed_by(&outcome, SIGABRT);
    line = strchr(outcome.err, '\n') + 1;
    assert_ptr_equal(strstr(outcome.err, "zmalloc: debug: there will be no call stacks: "),
                     outcome.err);
    assert_between(strstr(outcome.err, "no-such-library.so") - outcome.err, 1, line - outcome.err);
    assert_non_null(strstr(line, ": it was freed before; block of 100 bytes, allocated at an "
                                 "unknown place, freed at an unknown place; now at an unknown "
                                 "place\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_write_after_free_is_found_in_the_end),
        zm_test(a_write_next_to_a_freed_block_is_found),
        zm_test(a_live_block_is_looked_at_in_the_end),
        zm_test(the_quarantine_is_bounded),
        zm_test(what_is_larger_than_the_quarantine_leaves_the_others_in_it),
        zm_test(without_a_quarantine_nothing_is_kept),
        zm_test(a_purge_empties_the_quarantine),
        zm_test(as_much_is_filled_as_is_asked_for),
        zm_test(canaries_are_as_wide_as_is_asked_for),
        zm_test(canaries_tell_nothing_of_the_random_bytes_of_the_start),
        zm_test(a_trace_has_as_many_frames_as_are_asked_for),
        zm_test(there_is_room_for_many_places),
        zm_test(the_leaks_are_told_by_place),
        zm_test(the_largest_leaks_are_told_first),
        zm_test(many_places_are_told_soon),
        zm_test(a_plugin_that_was_closed_is_named),
        zm_test(what_has_no_place_is_told_together),
        zm_test(without_leaks_there_are_none),
        zm_test(a_forked_child_tells_its_own),
        zm_test(who_allocates_during_a_fork_waits_for_it),
        zm_test(a_misuse_within_a_fork_is_told),
        zm_test(a_thread_may_fork_while_it_is_unwound),
        zm_test(without_memory_for_a_trace_the_place_is_unknown),
        zm_test(without_memory_for_its_table_it_is_not_chosen),
        zm_test(without_memory_for_its_table_a_request_fails),
        zm_test(what_is_no_option_is_refused),
        zm_test(the_last_of_a_kind_counts),
        zm_test(without_an_unwinder_places_are_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
