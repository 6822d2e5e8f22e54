/* SPDX-License-Identifier: BSD-3-Clause */

/* Programs that the command starts and listens to: what they write, how they end, and that one which
 * does not end is ended. Also where programs are found. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "program.h"
#include "support.h"

static struct child run_shell(const char *script, int seconds)
{
    char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)script, NULL};
    struct child child;

    assert_int_equal(child_run(&child, "/bin/sh", arguments, environ, seconds), 0);
    return child;
}

static void assert_child(const char *script, int status, const char *output, const char *errors)
{
    struct child child = run_shell(script, CHILD_SECONDS);

    assert_int_equal(child.status, status);
    assert_string_equal(child.output, output);
    assert_string_equal(child.errors, errors);
    child_free(&child);
    assert_null(child.output);
}

static void both_streams_and_the_status_are_told(void **state)
{
    (void)state;
    assert_child("exit 0", 0, "", "");
    assert_child("echo out; echo err >&2; exit 78", 78, "out\n", "err\n");
    assert_child("kill -SEGV $$", 128 + SIGSEGV, "", "");
}

/* A terminal's line would be read, or waited for. */
static void a_child_has_no_input(void **state)
{
    (void)state;
    assert_child("read -r line; echo \"$? $line\"", 0, "1 \n", "");
}

/* More than the pipes hold, on both at once. */
static void much_output_is_kept_up_to_a_mebibyte(void **state)
{
    struct child child = run_shell("head -c 300000 /dev/zero | tr '\\0' a; "
                                   "head -c 3000000 /dev/zero | tr '\\0' b >&2",
                                   CHILD_SECONDS);

    (void)state;
    assert_int_equal(child.status, 0);
    assert_int_equal(strlen(child.output), 300000);
    assert_int_equal(strlen(child.errors), 1 << 20);
    child_free(&child);
}

static void one_that_does_not_end_is_killed(void **state)
{
    struct child child = run_shell("echo begun; exec sleep 1000", 3);

    (void)state;
    assert_int_equal(child.status, CHILD_TIMED_OUT);
    assert_string_equal(child.output, "begun\n");
    child_free(&child);
}

static void statuses_are_told_where_sigchld_was_ignored(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_child("exit 3", 3, "", "");
}

static void one_that_cannot_be_started_is_an_error(void **state)
{
    char *arguments[] = {(char[]){"x"}, NULL};
    struct child child;

    (void)state;
    assert_int_equal(child_run(&child, "/nowhere/x", arguments, environ, 1), ENOENT);
    assert_null(child.output);
    assert_int_equal(child_run(&child, "/dev/null", arguments, environ, 1), EACCES);
}

static void an_environment_leaves_out_and_adds(void **state)
{
    char added[] = "LIST_C=3";
    char **variables;
    size_t count = 0;

    (void)state;
    setenv("LIST_A", "1", 1);
    setenv("OTHER", "LIST_", 1);
    variables = child_environment("LIST_", added);
    for (; variables[count] != NULL; count++)
        assert_true(strncmp(variables[count], "LIST_", 5) != 0 || variables[count] == added);
    assert_ptr_equal(variables[count - 1], added);
    free(variables);
    unsetenv("LIST_A");
    setenv("LIST_C", "old", 1);
    setenv("LIST_CC", "stays", 1);
    variables = child_environment("LIST_A=", added);
    for (count = 0; variables[count] != NULL; count++)
        assert_true(strncmp(variables[count], "LIST_C=", 7) != 0 || variables[count] == added);
    assert_ptr_equal(variables[count - 1], added);
    free(variables);
    unsetenv("LIST_C");
    unsetenv("LIST_CC");
}

/* ---- Where programs are ---- */

static char folder[] = "/tmp/zmalloc-path-XXXXXX";

static void make(const char *name, mode_t mode)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_found(const char *program, const char *expected, int error)
{
    char *path = path_find(program);

    if (expected == NULL) {
        assert_null(path);
        assert_int_equal(errno, error);
        return;
    }
    assert_non_null(path);
    assert_string_equal(path, expected);
    free(path);
}

static int make_folder(void **state)
{
    char path[64];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/a/folder", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    make("a/plain", 0644);
    make("a/both", 0644);
    make("both", 0755);
    make("runs", 0755);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"a/plain", "a/both", "a/folder", "a", "both", "runs", ""};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(remove(path), 0);
    }
    return 0;
}

static void programs_are_found_as_the_shell_finds_them(void **state)
{
    char path[128];
    char expected[128];

    (void)state;
    snprintf(path, sizeof path, "%s/a:%s", folder, folder);
    setenv("PATH", path, 1);
    snprintf(expected, sizeof expected, "%s/both", folder);
    assert_found("both", expected, 0);
    assert_found("plain", NULL, EACCES);
    assert_found("folder", NULL, EACCES);
    assert_found("nowhere", NULL, ENOENT);
    assert_found("", NULL, ENOENT);
    assert_found(expected, expected, 0);
    assert_found(folder, NULL, EACCES);
    assert_found("./nowhere", NULL, ENOENT);
}

static void an_empty_folder_is_this_one(void **state)
{
    (void)state;
    assert_int_equal(chdir(folder), 0);
    setenv("PATH", "/nowhere:", 1);
    assert_found("runs", "runs", 0);
    setenv("PATH", "/nowhere", 1);
    assert_found("runs", NULL, ENOENT);
    unsetenv("PATH");
    assert_found("sh", "/bin/sh", 0);
    assert_int_equal(chdir("/"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_streams_and_the_status_are_told),
        cmocka_unit_test(a_child_has_no_input),
        cmocka_unit_test(much_output_is_kept_up_to_a_mebibyte),
        cmocka_unit_test(one_that_does_not_end_is_killed),
        cmocka_unit_test(statuses_are_told_where_sigchld_was_ignored),
        cmocka_unit_test(one_that_cannot_be_started_is_an_error),
        cmocka_unit_test(an_environment_leaves_out_and_adds),
        cmocka_unit_test(programs_are_found_as_the_shell_finds_them),
        cmocka_unit_test(an_empty_folder_is_this_one),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
