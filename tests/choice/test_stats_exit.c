/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * ZMALLOC_STATS: each process that ends by exit() reports once, in the form and to the file that
 * were asked for, and otherwise ends as usual. (unit/test_stats_signals.c has what signals do.)
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "choice_support.h"
#include "zmalloc_backend.h"

#define PATH_SIZE (FOLDER_SIZE + 32)
#define FILE_SIZE 65536

static char folder[FOLDER_SIZE];

static int set_up(void **state)
{
    (void)state;
    make_folder(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static const char *path_in_folder(const char *name)
{
    static char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ---- Running ---- */

static struct outcome run_with(const char *stats, const char *const *words)
{
    static char variable[8192];

    snprintf(variable, sizeof variable, "%s", stats);
    assert_int_equal(setenv("ZMALLOC_STATS", variable, 1), 0);
    return run_chosen("libc", NULL, words);
}

static struct outcome run_into(const char *form, const char *name, const char *const *words)
{
    char stats[PATH_SIZE + 32];

    snprintf(stats, sizeof stats, "%s:%s", form, path_in_folder(name));
    return run_with(stats, words);
}

static const char *contents_of(const char *name)
{
    static char text[FILE_SIZE];
    FILE *file = fopen(path_in_folder(name), "re");
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, sizeof text - 1, file);
    assert_int_equal(fclose(file), 0);
    text[length] = '\0';
    return text;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    return lines;
}

static const char *last_line(const char *text)
{
    const char *line = text;

    for (const char *at = text; (at = strchr(at, '\n')) != NULL && at[1] != '\0'; at++)
        line = at + 1;
    return line;
}

static void assert_is_record(const char *text, const char *part)
{
    assert_int_equal(strncmp(text, "{\"schema\":1,", strlen("{\"schema\":1,")), 0);
    assert_int_equal(strcmp(text + strlen(text) - 2, "}\n"), 0);
    assert_int_equal(count_lines(text), 1);
    assert_non_null(strstr(text, part));
}

static long pid_in(const char *record)
{
    const char *at = strstr(record, "\"pid\":");

    assert_non_null(at);
    return strtol(at + strlen("\"pid\":"), NULL, 10);
}

/* ---- What is written ---- */

static void json_goes_to_stderr(void **state)
{
    struct outcome outcome = run_with("json", WORDS("name", "hold", "100000"));

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_string_equal(outcome.out, "libc\n");
    assert_is_record(outcome.err, "\"used_bytes\":100");
}

static void other_forms_go_to_stderr(void **state)
{
    struct outcome outcome = run_with("text", WORDS("name"));

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_int_equal(strncmp(outcome.err, "zmalloc " VERSION ", process ", 10), 0);
    assert_non_null(strstr(outcome.err, "\n  used                      0 bytes\n"));
    outcome = run_with("prometheus", WORDS("name"));
    assert_exited_with(&outcome, 0);
    assert_int_equal(strncmp(outcome.err, "# HELP zmalloc_info ", 20), 0);
    assert_non_null(strstr(outcome.err, "\nzmalloc_used_bytes 0\n"));
}

static void a_file_gets_one_line_a_process(void **state)
{
    struct outcome outcome;

    (void)state;
    for (size_t i = 1; i <= 3; i++) {
        outcome = run_into("json", "records", WORDS("name"));
        assert_prints(&outcome, "libc\n");
        assert_int_equal(count_lines(contents_of("records")), i);
    }
    assert_is_record(last_line(contents_of("records")), "\"name\":\"libc\"");
}

static void all_forms_go_to_files(void **state)
{
    struct outcome outcome = run_into("text", "text", WORDS("name"));

    (void)state;
    assert_prints(&outcome, "libc\n");
    assert_non_null(strstr(contents_of("text"), "\nbackend "));
    outcome = run_into("prometheus", "a:b", WORDS("name"));
    assert_prints(&outcome, "libc\n");
    assert_non_null(strstr(contents_of("a:b"), "# TYPE zmalloc_used_bytes gauge\n"));
}

static void each_process_writes_its_own(void **state)
{
    struct outcome outcome =
        run_into("json", "records", WORDS("name", "fork", "name", "exit", "7"));

    (void)state;
    assert_exited_with(&outcome, 7);
    assert_string_equal(outcome.out, "libc\nlibc\n");
    assert_int_equal(count_lines(contents_of("records")), 2);
    assert_int_not_equal(pid_in(contents_of("records")), pid_in(last_line(contents_of("records"))));
}

static void nothing_is_written_otherwise(void **state)
{
    struct outcome outcome = run_with("", WORDS("name"));

    (void)state;
    assert_prints(&outcome, "libc\n");
    outcome = run_with("json", WORDS("name", "_exit", "0"));
    assert_prints(&outcome, "libc\n");
    outcome = run_with("json", WORDS("name", "fork", "name", "_exit", "3"));
    assert_exited_with(&outcome, 3);
    assert_is_record(outcome.err, "\"pid\":");
}

static void the_status_is_the_programs(void **state)
{
    struct outcome outcome = run_with("json", WORDS("name", "exit", "3"));

    (void)state;
    assert_exited_with(&outcome, 3);
    assert_is_record(outcome.err, "\"pid\":");
}

/* ---- Without a backend ---- */

static void a_backend_is_chosen_for_the_report(void **state)
{
    struct outcome outcome;

    (void)state;
    setenv("ZMALLOC_STATS", "json", 1);
    outcome = run_chosen(NULL, NULL, WORDS("locale"));
    assert_exited_with(&outcome, 0);
    assert_is_record(outcome.err, "\"choice\":{\"by\":\"default_backend\",");
}

static void where_none_can_be_the_status_stays(void **state)
{
    struct outcome outcome;

    (void)state;
    setenv("ZMALLOC_STATS", "json", 1);
    outcome = run_chosen(NULL, NULL, WORDS("setenv", "foo", "init", "libc", "exit", "5"));
    assert_exited_with(&outcome, 5);
    assert_err_is(&outcome, "zmalloc: ZMALLOC_STATS: no report: no backend can be chosen\n");
}

/* ---- Values that are wrong ---- */

#define WRONG(value, why) "zmalloc: ZMALLOC_STATS=\"" value "\": " why "; there will be no report\n"
#define NO_FORM                                                                                    \
    "the form must be text, json or prometheus, after an optional signal:NAME, and before an "     \
    "optional :FILE"

static void assert_refuses(const char *stats, const char *line)
{
    struct outcome outcome = run_with(stats, WORDS("name", "exit", "4"));

    assert_exited_with(&outcome, 4);
    assert_string_equal(outcome.out, "libc\n");
    assert_err_is(&outcome, line);
}

#define MEANT(word) " (did you mean " word "?)"

static void a_wrong_form_is_told_once(void **state)
{
    (void)state;
    assert_refuses("xml", WRONG("xml", NO_FORM));
    assert_refuses("JSON", WRONG("JSON", NO_FORM));
    assert_refuses("json ", WRONG("json ", NO_FORM MEANT("json")));
    assert_refuses("jso", WRONG("jso", NO_FORM MEANT("json")));
    assert_refuses("jsonl:/tmp/x", WRONG("jsonl:/tmp/x", NO_FORM MEANT("json")));
    assert_refuses("a longer word than any", WRONG("a longer word than any", NO_FORM));
    assert_refuses(":/tmp/x", WRONG(":/tmp/x", NO_FORM));
    assert_refuses("\"\n", WRONG("\\x22\\x0a", NO_FORM));
    assert_refuses("signal:USR1,", WRONG("signal:USR1,", NO_FORM));
    assert_refuses("signal:USR1,yaml:x", WRONG("signal:USR1,yaml:x", NO_FORM));
    assert_refuses("signal", WRONG("signal", NO_FORM));
    assert_refuses("json,signal:USR1", WRONG("json,signal:USR1", NO_FORM));
}

#define NO_SIGNAL "there is no such signal"
#define NO_USE                                                                                     \
    "that signal stops or resumes a process, or cannot be handled; take another, such as USR1"

static void a_wrong_signal_is_told_once(void **state)
{
    (void)state;
    assert_refuses("signal:", WRONG("signal:", "no signal is named after signal:"));
    assert_refuses("signal:,json", WRONG("signal:,json", "no signal is named after signal:"));
    assert_refuses("signal:USR3", WRONG("signal:USR3", NO_SIGNAL MEANT("USR1")));
    assert_refuses("signal:sigusr2,text", WRONG("signal:sigusr2,text", NO_SIGNAL MEANT("USR2")));
    assert_refuses("signal:SIGTREM", WRONG("signal:SIGTREM", NO_SIGNAL MEANT("TERM")));
    assert_refuses("signal:RTMIN+", WRONG("signal:RTMIN+", NO_SIGNAL MEANT("RTMIN")));
    assert_refuses("signal:RTMIN-1", WRONG("signal:RTMIN-1", NO_SIGNAL MEANT("RTMIN")));
    assert_refuses("signal:RTMAX+1", WRONG("signal:RTMAX+1", NO_SIGNAL MEANT("RTMAX")));
    assert_refuses("signal:RTMIN+1a", WRONG("signal:RTMIN+1a", NO_SIGNAL MEANT("RTMIN")));
    assert_refuses("signal:RTMIN+99999999999", WRONG("signal:RTMIN+99999999999", NO_SIGNAL));
    assert_refuses("signal:10", WRONG("signal:10", NO_SIGNAL));
    assert_refuses("signal:SIG", WRONG("signal:SIG", NO_SIGNAL));
    assert_refuses("signal:XYZZY", WRONG("signal:XYZZY", NO_SIGNAL));
    assert_refuses("signal:KILL", WRONG("signal:KILL", NO_USE));
    assert_refuses("signal:SIGSTOP,json", WRONG("signal:SIGSTOP,json", NO_USE));
    assert_refuses("signal:CONT", WRONG("signal:CONT", NO_USE));
    assert_refuses(
        "signal:USR1:/tmp/x",
        WRONG("signal:USR1:/tmp/x", "a file needs a form before it, as in signal:USR1,text:FILE"));
}

static void a_colon_wants_a_file(void **state)
{
    (void)state;
    assert_refuses("json:", WRONG("json:", "no file is named after the colon"));
    assert_refuses("signal:HUP,json:",
                   WRONG("signal:HUP,json:", "no file is named after the colon"));
}

#define NAME_MAX_BYTES 4095

/* The longest name is accepted; it is the system that refuses it. */
static void a_name_too_long_is_refused(void **state)
{
    char stats[NAME_MAX_BYTES + 16] = "json:";
    struct outcome outcome;

    (void)state;
    memset(stats + 5, 'x', NAME_MAX_BYTES);
    outcome = run_with(stats, WORDS("name"));
    assert_exited_with(&outcome, 0);
    assert_err_is_line_with(&outcome, "xxx...\": ");
    assert_err_is_line_with(&outcome, strerror(ENAMETOOLONG));
    stats[5 + NAME_MAX_BYTES] = 'x';
    outcome = run_with(stats, WORDS("name"));
    assert_exited_with(&outcome, 0);
    assert_err_is_line_with(&outcome, "the name of the file is longer than 4095 bytes; there will");
}

/* ---- Files that take nothing ---- */

static void assert_complains(const char *form, const char *file, const char *cannot, int error)
{
    char stats[200];
    char line[300];
    struct outcome outcome;

    snprintf(stats, sizeof stats, "%s:%s", form, file);
    snprintf(line, sizeof line, "zmalloc: ZMALLOC_STATS: cannot %s \"%s\": %s\n", cannot, file,
             strerror(error));
    outcome = run_with(stats, WORDS("name", "exit", "6"));
    assert_exited_with(&outcome, 6);
    assert_string_equal(outcome.out, "libc\n");
    assert_err_is(&outcome, line);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    assert_complains("json", "/nowhere/x", "open", ENOENT);
    assert_complains("text", "/", "open", EISDIR);
    if (access("/dev/full", W_OK) == 0)
        assert_complains("prometheus", "/dev/full", "write to", ENOSPC);
}

/* Opening a pipe that has no reader would wait for one. */
static void a_pipe_without_a_reader_is_told(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path_in_folder("pipe"), 0600), 0);
    assert_complains("json", path_in_folder("pipe"), "open", ENXIO);
}

static void become_chosen(const char *stats)
{
    setenv("ZMALLOC_BACKEND", "libc", 1);
    setenv("ZMALLOC_STATS", stats, 1);
    exec_program(WORDS(chosen_program, "name", "exit", "8"));
    _exit(127);
}

/* The pipe that is stderr has no reader. */
static void run_with_broken_stderr(void *argument)
{
    int ends[2];

    child_check(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    become_chosen(argument);
}

static void a_broken_stderr_ends_nothing(void **state)
{
    static char *const values[] = {"json", "xml", "json:/nowhere/x"};

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct outcome outcome = run_child(run_with_broken_stderr, values[i]);

        assert_exited_with(&outcome, 8);
        assert_string_equal(outcome.out, "libc\n");
    }
}

/* Larger than anything else that the process may write. */
#define SIZE_LIMIT (16 << 20)

static void run_with_limited_files(void *argument)
{
    struct rlimit limit = {SIZE_LIMIT, SIZE_LIMIT};

    child_check(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    become_chosen(argument);
}

/* The file already has the largest size that the process may give it. */
static void a_limit_of_files_ends_nothing(void **state)
{
    char stats[PATH_SIZE + 8];
    struct outcome outcome;
    struct stat file;

    (void)state;
    snprintf(stats, sizeof stats, "json:%s", path_in_folder("record"));
    copy_into(folder, "record", NULL);
    assert_int_equal(truncate(path_in_folder("record"), SIZE_LIMIT), 0);
    outcome = run_child(run_with_limited_files, stats);
    assert_exited_with(&outcome, 8);
    assert_string_equal(outcome.out, "libc\n");
    assert_err_is_line_with(&outcome, strerror(EFBIG));
    assert_int_equal(stat(path_in_folder("record"), &file), 0);
    assert_int_equal(file.st_size, SIZE_LIMIT);
}

/* ---- This program, started once more ---- */

static const char *tell_version(void)
{
    static char version[300000];

    memset(version, '5', sizeof version - 1);
    return version;
}

static void exit_with_long_version(void)
{
    static struct zmalloc_backend backend;

    backend = zmalloc_backend_module;
    backend.name = "mine";
    backend.version = tell_version;
    child_check(zmalloc_register_backend(&backend) == 0 && zmalloc_init("mine") == 0);
    exit(9);
}

static bool is_pending;

/* Its destructor runs after the library's. */
__attribute__((destructor(101))) static void look_for_signal(void)
{
    sigset_t pending;

    sigpending(&pending);
    if (is_pending && !sigismember(&pending, SIGPIPE))
        _exit(12);
}

static void exit_with_pending_signal(void)
{
    sigset_t broken_pipe;

    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    sigprocmask(SIG_BLOCK, &broken_pipe, NULL);
    raise(SIGPIPE);
    is_pending = true;
    exit(11);
}

/* ---- Descriptor 2 becomes something else ---- */

static char other_file[PATH_SIZE];

/* As daemons do; then they open a file of their own. */
static void exit_with_other_stderr(int flags)
{
    close(STDERR_FILENO);
    child_check(open(getenv("OTHER_FILE"), flags | O_CREAT, 0600) == STDERR_FILENO);
    child_check(write(STDERR_FILENO, "PAGE\n", 5) == 5);
    zfree(zmalloc(1));
    exit(13);
}

/* And is restored. */
static void exit_with_restored_stderr(void)
{
    int kept = dup(STDERR_FILENO);

    child_check(kept >= 0 && dup2(STDOUT_FILENO, STDERR_FILENO) == STDERR_FILENO);
    child_check(dup2(kept, STDERR_FILENO) == STDERR_FILENO);
    exit(14);
}

static struct outcome run_this(const char *part)
{
    const char *const arguments[] = {"/proc/self/exe", part, NULL};
    const char *const environment[] = {"ZMALLOC_STATS=json", NULL};

    return run_program(arguments, environment);
}

static void name_other_file(void)
{
    snprintf(other_file, sizeof other_file, "%s", path_in_folder("data"));
    assert_int_equal(setenv("OTHER_FILE", other_file, 1), 0);
}

static void it_does_not_go_where_stderr_was(void **state)
{
    static const char *const parts[] = {"data", "log"};

    (void)state;
    name_other_file();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct outcome outcome = run_this(parts[i]);

        assert_exited_with(&outcome, 13);
        assert_err_is(&outcome, "");
        assert_string_equal(contents_of("data"), "PAGE\n");
        assert_int_equal(unlink(other_file), 0);
    }
}

static void run_this_without_stderr(void *argument)
{
    (void)argument;
    setenv("ZMALLOC_STATS", "json", 1);
    close(STDERR_FILENO);
    exec_program(WORDS("/proc/self/exe", "log"));
    _exit(127);
}

static void nor_to_what_comes_where_there_was_none(void **state)
{
    struct outcome outcome;

    (void)state;
    name_other_file();
    outcome = run_child(run_this_without_stderr, NULL);
    assert_exited_with(&outcome, 13);
    assert_string_equal(contents_of("data"), "PAGE\n");
}

static void stderr_that_came_back_is_the_same(void **state)
{
    struct outcome outcome = run_this("restored");

    (void)state;
    assert_exited_with(&outcome, 14);
    assert_is_record(outcome.err, "\"pid\":");
}

static void a_report_too_long_is_not_written(void **state)
{
    struct outcome outcome = run_this("long version");

    (void)state;
    assert_exited_with(&outcome, 9);
    assert_err_is(&outcome, "zmalloc: ZMALLOC_STATS: no report: it is longer than 262144 bytes\n");
}

static void a_pending_signal_stays(void **state)
{
    struct outcome outcome = run_this("pending signal");

    (void)state;
    assert_exited_with(&outcome, 11);
    assert_is_record(outcome.err, "\"pid\":");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_goes_to_stderr),
        cmocka_unit_test(other_forms_go_to_stderr),
        cmocka_unit_test_setup_teardown(a_file_gets_one_line_a_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_forms_go_to_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_process_writes_its_own, set_up, tear_down),
        cmocka_unit_test(nothing_is_written_otherwise),
        cmocka_unit_test(the_status_is_the_programs),
        cmocka_unit_test(a_backend_is_chosen_for_the_report),
        cmocka_unit_test(where_none_can_be_the_status_stays),
        cmocka_unit_test(a_wrong_form_is_told_once),
        cmocka_unit_test(a_wrong_signal_is_told_once),
        cmocka_unit_test(a_colon_wants_a_file),
        cmocka_unit_test(a_name_too_long_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told),
        cmocka_unit_test_setup_teardown(a_pipe_without_a_reader_is_told, set_up, tear_down),
        cmocka_unit_test(a_broken_stderr_ends_nothing),
        cmocka_unit_test_setup_teardown(a_limit_of_files_ends_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_does_not_go_where_stderr_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nor_to_what_comes_where_there_was_none, set_up, tear_down),
        cmocka_unit_test(stderr_that_came_back_is_the_same),
        cmocka_unit_test(a_report_too_long_is_not_written),
        cmocka_unit_test(a_pending_signal_stays),
    };

    if (argc == 2 && strcmp(argv[1], "long version") == 0)
        exit_with_long_version();
    if (argc == 2 && strcmp(argv[1], "pending signal") == 0)
        exit_with_pending_signal();
    if (argc == 2 && strcmp(argv[1], "data") == 0)
        exit_with_other_stderr(O_RDWR);
    if (argc == 2 && strcmp(argv[1], "log") == 0)
        exit_with_other_stderr(O_WRONLY | O_APPEND);
    if (argc == 2 && strcmp(argv[1], "restored") == 0)
        exit_with_restored_stderr();
    find_chosen(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
