/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A set-user-ID or set-group-ID program ignores the variables. Another user runs it, which needs
 * root to arrange.
 */

#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "choice_support.h"

#define OWNER 65534 /* nobody */
#define RUNNER 65533

#define PATH_SIZE (FOLDER_SIZE + 16)

struct run {
    char program[PATH_SIZE];
    const char *list;    /* NULL: ZMALLOC_BACKEND is not set */
    const char *wish;    /* what the program passes to zmalloc_init() */
    const char *failing; /* ZMALLOC_FAIL */
    const char *stats;   /* ZMALLOC_STATS */
};

static char folder[FOLDER_SIZE];
static char plain[PATH_SIZE];
static char set_user_id[PATH_SIZE];
static char set_group_id[PATH_SIZE];

static void become_runner_and_run(void *argument)
{
    const struct run *run = argument;

    if (setgroups(0, NULL) != 0 || setgid(RUNNER) != 0 || setuid(RUNNER) != 0)
        _exit(126);
    setenv("ZMALLOC_FAIL", run->failing, 1);
    setenv("ZMALLOC_STATS", run->stats, 1);
    if (run->list != NULL)
        setenv("ZMALLOC_BACKEND", run->list, 1);
    else
        unsetenv("ZMALLOC_BACKEND");
    execl(run->program, run->program, "secure", "init", run->wish, "alloc", "name", (char *)NULL);
    _exit(126);
}

static struct outcome run_as_another(const char *program, const char *list, const char *wish)
{
    struct run run = {.list = list, .wish = wish, .failing = "", .stats = ""};

    snprintf(run.program, sizeof run.program, "%s", program);
    return run_child(become_runner_and_run, &run);
}

static struct outcome run_failing(const char *program)
{
    struct run run = {.list = "libc", .wish = "libc", .failing = "from:1", .stats = ""};

    snprintf(run.program, sizeof run.program, "%s", program);
    return run_child(become_runner_and_run, &run);
}

static struct outcome run_reporting(const char *program, const char *stats)
{
    struct run run = {.list = "libc", .wish = "libc", .failing = "", .stats = stats};

    snprintf(run.program, sizeof run.program, "%s", program);
    return run_child(become_runner_and_run, &run);
}

static void install(char path[PATH_SIZE], const char *name, mode_t mode)
{
    copy_into(folder, name, chosen_program);
    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    assert_int_equal(chown(path, OWNER, OWNER), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int set_up(void **state)
{
    (void)state;
    make_folder(folder);
    install(plain, "plain", 0755);
    install(set_user_id, "set-user-id", 04755);
    install(set_group_id, "set-group-id", 02755);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

/* Why this system cannot run the test; NULL if it can. */
static const char *obstacle(void)
{
    struct outcome outcome = run_as_another(plain, NULL, "-");

    if (outcome.status != 0)
        return "another user cannot run a program of this build tree";
    outcome = run_as_another(set_user_id, NULL, "-");
    if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 127)
        return "in secure mode the dynamic linker does not find the library of this build tree";
    if (strncmp(outcome.out, "secure\n", strlen("secure\n")) != 0)
        return "set-user-ID does nothing here";
    return NULL;
}

static void skip_where_it_cannot_be(void)
{
    const char *why = obstacle();

    if (why == NULL)
        return;
    print_message("skipped: %s\n", why);
    skip();
}

/* The plain copy shows that the variable would have an effect. */
static void the_variable_is_ignored(void **state)
{
    static const char *const lists[] = {"foo", "native", "../x"};
    struct outcome unset = run_as_another(set_user_id, NULL, "-");
    struct outcome outcome;

    (void)state;
    skip_where_it_cannot_be();
    outcome = run_as_another(plain, "foo", "-");
    assert_refused(&outcome, REFUSED("foo", "foo", "unknown backend"));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        outcome = run_as_another(set_user_id, lists[i], "-");
        assert_prints(&outcome, unset.out);
        outcome = run_as_another(set_group_id, lists[i], "-");
        assert_prints(&outcome, unset.out);
    }
}

static void layers_are_not_asked_for(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_where_it_cannot_be();
    outcome = run_failing(plain);
    assert_killed_by(&outcome, SIGABRT);
    outcome = run_failing(set_user_id);
    assert_prints(&outcome, "secure\n0\nlibc\n");
}

/* No file is written with another user's rights, and nothing is printed. */
static void statistics_are_not_asked_for(void **state)
{
    struct outcome outcome;

    (void)state;
    skip_where_it_cannot_be();
    outcome = run_reporting(plain, "json");
    assert_exited_with(&outcome, 0);
    assert_err_is_line_with(&outcome, "{\"schema\":1,");
    outcome = run_reporting(set_user_id, "json");
    assert_prints(&outcome, "secure\n0\nlibc\n");
    outcome = run_reporting(set_user_id, "xml");
    assert_prints(&outcome, "secure\n0\nlibc\n");
}

/* Modules included. */
static void the_program_may_choose(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)state;
    skip_where_it_cannot_be();
    while (next_name(&at, name)) {
        struct outcome outcome = run_as_another(set_user_id, "foo", name);
        char out[128];

        snprintf(out, sizeof out, "secure\n0\n%s\n", name);
        assert_prints(&outcome, out);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_variable_is_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(layers_are_not_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(statistics_are_not_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_program_may_choose, set_up, tear_down),
    };

    find_chosen(argc, argv);
    if (geteuid() != 0) {
        fprintf(stderr, "skipped: it takes root to run a program as two others\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
