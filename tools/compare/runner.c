/* SPDX-License-Identifier: BSD-3-Clause */

/* Runs the program once, and ends it when the user wants an end, or it takes too long. */

#include "compare/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compare/signals.h"
#include "text.h"
#include "verb.h"

/*
 * The child comes from fork(), not from posix_spawn(): the largest resident size that the system
 * tells is that of all the process has executed, and with posix_spawn() it would begin as the
 * command's own.
 */

#define GRACE_SECONDS 3 /* from SIGTERM to SIGKILL */
#define PRINTED_BYTES 4096
#define PRINTED_LINES 10

/* ---- The folder ---- */

/* There is room: it was looked at when the folder was named. */
static void join(char path[PATH_MAX], const char *folder, const char *name)
{
    stpcpy(stpcpy(path, folder), name);
}

static int make_folder(struct runner *runner)
{
    const char *where = getenv("TMPDIR");
    int length;

    if (where == NULL || *where != '/')
        where = "/tmp";
    length = snprintf(runner->folder, sizeof runner->folder, "%s/zmalloc-compare.XXXXXX", where);
    if (length < 0 || (size_t)length + sizeof "/output" > sizeof runner->folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (mkdtemp(runner->folder) == NULL)
        return -1;
    join(runner->output_path, runner->folder, "/output");
    join(runner->stdout_path, runner->folder, "/stdout");
    join(runner->record_path, runner->folder, "/record");
    return 0;
}

static int open_file(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

int open_runner(struct runner *runner, bool has_own_stdout)
{
    int saved_errno;

    if (make_folder(runner) != 0)
        return -1;
    runner->output = open_file(runner->output_path);
    runner->own_stdout = has_own_stdout ? open_file(runner->stdout_path) : -1;
    runner->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (runner->output >= 0 && runner->nothing >= 0 && (runner->own_stdout >= 0 || !has_own_stdout))
        return 0;
    saved_errno = errno;
    close_runner(runner);
    errno = saved_errno;
    return -1;
}

void close_runner(struct runner *runner)
{
    if (runner->output >= 0)
        close(runner->output);
    if (runner->own_stdout >= 0)
        close(runner->own_stdout);
    if (runner->nothing >= 0)
        close(runner->nothing);
    unlink(runner->output_path);
    unlink(runner->stdout_path);
    unlink(runner->record_path);
    rmdir(runner->folder);
}

/* ---- The child ---- */

/* What is run: the program as a variant of it, or for NULL a command that is no part of it. */
struct job {
    char *const *words;
    const struct variant *variant;
    double limit; /* seconds that it may take */
};

/* No backend, no record: of a program that is as it is, other processes may use zmalloc. */
static int set_backend(const struct runner *runner, const char *backend)
{
    char stats[sizeof runner->record_path + sizeof "json:"];

    if (backend == NULL)
        return unsetenv("ZMALLOC_BACKEND") | unsetenv("ZMALLOC_STATS");
    snprintf(stats, sizeof stats, "json:%s", runner->record_path);
    return setenv("ZMALLOC_BACKEND", backend, 1) | setenv("ZMALLOC_STATS", stats, 1);
}

static int set_environment(const struct runner *runner, const struct variant *variant)
{
    for (char **variable = variant->variables; *variable != NULL; variable++)
        if (putenv(*variable) != 0)
            return -1;
    if (variant->preloaded != NULL && setenv("LD_PRELOAD", variant->preloaded, 1) != 0)
        return -1;
    return set_backend(runner, variant->backend);
}

static int set_streams(const struct runner *runner, const struct job *job)
{
    bool is_apart = job->variant != NULL && runner->own_stdout >= 0;

    if (dup2(runner->nothing, STDIN_FILENO) < 0 || dup2(runner->output, STDERR_FILENO) < 0)
        return -1;
    return dup2(is_apart ? runner->own_stdout : runner->output, STDOUT_FILENO);
}

/*
 * In a session of its own: Ctrl-C comes to the command alone, which ends the program and all that
 * it has started. Should the command be killed, so is the program.
 */
static int execute(const struct runner *runner, const struct job *job)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    unwatch_signals();
    if (set_streams(runner, job) < 0 ||
        (job->variant != NULL && set_environment(runner, job->variant) != 0))
        return errno;
    execvp(*job->words, job->words);
    return errno;
}

/* The pipe closes when the program is executed; before that comes only why it cannot be. */
static int read_error(int fd)
{
    int error = 0;
    ssize_t got;

    do
        got = read(fd, &error, sizeof error);
    while (got < 0 && errno == EINTR);
    return got == sizeof error ? error : 0;
}

static void report_error(int fd, int error)
{
    ssize_t written = write(fd, &error, sizeof error);

    (void)written;
    _exit(EXIT_FAILURE);
}

/* The child, once it has executed the program; or -1 with the reason in error. */
static pid_t start(const struct runner *runner, const struct job *job, int *error)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        *error = errno;
        return -1;
    }
    child = fork();
    if (child == 0)
        report_error(ends[1], execute(runner, job));
    *error = child < 0 ? errno : 0;
    close(ends[1]);
    if (child > 0)
        *error = read_error(ends[0]);
    close(ends[0]);
    if (child > 0 && *error != 0)
        waitpid(child, NULL, 0);
    return *error == 0 ? child : -1;
}

/* ---- Waiting ---- */

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* It stays a zombie, and its number its own, until its group has been ended. */
static bool has_ended(pid_t child)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT | WNOHANG) != 0 ||
           info.si_pid == child;
}

struct wait {
    pid_t child;
    double until; /* when it is ended, or ended more firmly; INFINITY: not at all */
    int asked;    /* how often it was told to end */
    bool interrupted;
    bool timed_out;
};

/* At first kindly, a second time or after a while not. */
static void tell_to_end(struct wait *wait)
{
    kill(-wait->child, wait->asked++ == 0 ? SIGTERM : SIGKILL);
    wait->until = now() + GRACE_SECONDS;
}

/* Until the child ends. `waiting` is called each second. */
static void wait_for_end(struct wait *wait, void (*waiting)(void))
{
    for (;;) {
        double left = wait->until - now();
        int signal = next_signal(waiting != NULL ? fmin(left, 1) : left);

        if (is_to_stop(signal))
            wait->interrupted = true;
        if (has_ended(wait->child))
            return;
        if (now() >= wait->until && wait->asked == 0)
            wait->timed_out = true;
        if (is_to_stop(signal) || now() >= wait->until)
            tell_to_end(wait);
        else if (signal == 0 && waiting != NULL)
            waiting();
    }
}

/* ---- Measuring ---- */

static double to_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static struct sample to_sample(double wall, const struct rusage *usage)
{
    return (struct sample){{
        [METRIC_WALL] = wall,
        [METRIC_CPU] = to_seconds(usage->ru_utime) + to_seconds(usage->ru_stime),
        [METRIC_RSS] = (double)usage->ru_maxrss * 1024,
        [METRIC_FAULTS] = (double)(usage->ru_minflt + usage->ru_majflt),
    }};
}

/* What it has left in the background would disturb the next run. */
static void end_group(pid_t child)
{
    kill(-child, SIGKILL);
}

/* Starts the job, waits for its end, and measures it. */
static struct run run_job(const struct runner *runner, const struct job *job, void (*waiting)(void))
{
    struct run run = {0};
    struct rusage usage = {0};
    double began = now();
    double wall;
    struct wait wait = {.until = began + job->limit};

    run.pid = start(runner, job, &run.error);
    if (run.pid < 0)
        return run;
    wait.child = run.pid;
    wait_for_end(&wait, waiting);
    wall = now() - began;
    if (job->variant != NULL || wait.interrupted)
        end_group(run.pid);
    wait4(run.pid, &run.status, 0, &usage);
    run.interrupted = wait.interrupted;
    run.timed_out = wait.timed_out;
    run.sample = to_sample(wall, &usage);
    return run;
}

/* False with an errno in run->error. */
static bool empty_files(const struct runner *runner, struct run *run)
{
    unlink(runner->record_path);
    if (ftruncate(runner->output, 0) == 0 &&
        (runner->own_stdout < 0 || ftruncate(runner->own_stdout, 0) == 0))
        return true;
    run->error = errno;
    return false;
}

struct run run_once(const struct runner *runner, char **program, const struct variant *variant,
                    double limit, void (*waiting)(void))
{
    struct job job = {program, variant, limit};
    struct run run = {0};

    if (!empty_files(runner, &run))
        return run;
    run = run_job(runner, &job, waiting);
    if (run.error != 0)
        return run;
    run.recorded =
        variant->backend != NULL && read_record(runner->record_path, run.pid, &run.record);
    run.sample.of[METRIC_PEAK] = run.recorded ? run.record.peak_bytes : (double)NAN;
    return run;
}

struct run run_command(const struct runner *runner, const char *command, void (*waiting)(void))
{
    char *words[] = {(char[]){"sh"}, (char[]){"-c"}, copy_text(command, strlen(command)), NULL};
    struct job job = {words, NULL, INFINITY};
    struct run run = {0};

    if (empty_files(runner, &run))
        run = run_job(runner, &job, waiting);
    free(words[2]);
    return run;
}

/* ---- What it printed ---- */

static const char *last_lines(const char *text, size_t length)
{
    const char *at = text + length;

    for (int lines = 0; at > text; at--)
        if (at[-1] == '\n' && at != text + length && ++lines == PRINTED_LINES)
            break;
    return at;
}

/* The last lines of the file. */
static char *end_of(int fd)
{
    char text[PRINTED_BYTES + 1];
    struct stat file;
    off_t from;
    ssize_t length;

    if (fstat(fd, &file) != 0)
        return copy_text("", 0);
    from = file.st_size > PRINTED_BYTES ? file.st_size - PRINTED_BYTES : 0;
    length = pread(fd, text, PRINTED_BYTES, from);
    if (length < 0)
        length = 0;
    text[length] = '\0';
    return copy_text(last_lines(text, (size_t)length), PRINTED_BYTES);
}

char *last_printed(const struct runner *runner)
{
    char *output = end_of(runner->output);
    char *before;
    char *both;

    if (runner->own_stdout < 0)
        return output;
    before = end_of(runner->own_stdout);
    both = text_format("%s%s", before, output);
    free(before);
    free(output);
    return both;
}
