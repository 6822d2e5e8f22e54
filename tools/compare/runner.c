/* SPDX-License-Identifier: BSD-3-Clause */

/* Runs the program once, and ends it when the user wants an end. */

#include "compare/runner.h"

#include <errno.h>
#include <fcntl.h>
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

#include "verb.h"

/* ---- Signals that are taken when there is time for them ---- */

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};

#define STOPPING (sizeof stopping / sizeof *stopping)

static sigset_t watched;
static sigset_t before;

static bool is_ignored(int signal)
{
    struct sigaction action;

    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void watch_signals(void)
{
    /* Where it was ignored children would leave no status. */
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < STOPPING; i++)
        if (!is_ignored(stopping[i]))
            sigaddset(&watched, stopping[i]);
    sigprocmask(SIG_BLOCK, &watched, &before);
}

void unwatch_signals(void)
{
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int next_signal(int seconds)
{
    struct timespec limit = {.tv_sec = seconds};
    int signal = sigtimedwait(&watched, NULL, seconds >= 0 ? &limit : NULL);

    return signal > 0 ? signal : 0;
}

bool is_to_stop(int signal)
{
    for (size_t i = 0; i < STOPPING; i++)
        if (stopping[i] == signal)
            return true;
    return false;
}

bool stop_was_asked(void)
{
    int signal;

    while ((signal = next_signal(0)) != 0)
        if (is_to_stop(signal))
            return true;
    return false;
}

/* ---- One run ---- */

/*
 * One run of a program: started, waited for, measured.
 *
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
    join(runner->record_path, runner->folder, "/record");
    return 0;
}

int open_runner(struct runner *runner)
{
    int saved_errno;

    if (make_folder(runner) != 0)
        return -1;
    runner->output = open(runner->output_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    runner->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (runner->output >= 0 && runner->nothing >= 0)
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
    if (runner->nothing >= 0)
        close(runner->nothing);
    unlink(runner->output_path);
    unlink(runner->record_path);
    rmdir(runner->folder);
}

/* ---- The child ---- */

static int set_environment(const struct runner *runner, const char *backend)
{
    char stats[sizeof runner->record_path + sizeof "json:"];

    snprintf(stats, sizeof stats, "json:%s", runner->record_path);
    return setenv("ZMALLOC_BACKEND", backend, 1) == 0 && setenv("ZMALLOC_STATS", stats, 1) == 0
               ? 0
               : -1;
}

/*
 * In a session of its own: Ctrl-C comes to the command alone, which ends the program and all that
 * it has started. Should the command be killed, so is the program.
 */
static int execute(const struct runner *runner, char **program, const char *backend)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    unwatch_signals();
    if (dup2(runner->nothing, STDIN_FILENO) < 0 || dup2(runner->output, STDOUT_FILENO) < 0 ||
        dup2(runner->output, STDERR_FILENO) < 0 || set_environment(runner, backend) != 0)
        return errno;
    execvp(*program, program);
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
static pid_t start(const struct runner *runner, char **program, const char *backend, int *error)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        *error = errno;
        return -1;
    }
    child = fork();
    if (child == 0)
        report_error(ends[1], execute(runner, program, backend));
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

/* It stays a zombie, and its number its own, until its group has been ended. */
static bool has_ended(pid_t child)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT | WNOHANG) != 0 ||
           info.si_pid == child;
}

/*
 * Returns whether the user has asked for an end: then first kindly, a second time or after a while
 * not.
 */
static bool wait_for_end(pid_t child, void (*waiting)(void))
{
    int asked = 0;

    for (;;) {
        bool counts = asked > 0;
        int signal = next_signal(counts ? GRACE_SECONDS : waiting != NULL ? 1 : -1);

        if (has_ended(child))
            return asked > 0;
        if (is_to_stop(signal) || (signal == 0 && counts))
            kill(-child, asked++ == 0 ? SIGTERM : SIGKILL);
        else if (signal == 0 && waiting != NULL)
            waiting();
    }
}

/* ---- Measuring ---- */

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

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

struct run run_once(const struct runner *runner, char **program, const char *backend,
                    void (*waiting)(void))
{
    struct run run = {0};
    struct rusage usage = {0};
    double began;
    double wall;
    pid_t child;

    unlink(runner->record_path);
    if (ftruncate(runner->output, 0) != 0) {
        run.error = errno;
        return run;
    }
    began = now();
    child = start(runner, program, backend, &run.error);
    if (child < 0)
        return run;
    run.interrupted = wait_for_end(child, waiting);
    wall = now() - began;
    /* What it has left in the background would disturb the next run. */
    kill(-child, SIGKILL);
    wait4(child, &run.status, 0, &usage);
    run.sample = to_sample(wall, &usage);
    run.recorded = read_record(runner->record_path, child, &run.record);
    if (run.recorded)
        run.sample.of[METRIC_PEAK] = run.record.peak_bytes;
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

char *last_printed(const struct runner *runner)
{
    char text[PRINTED_BYTES + 1];
    struct stat file;
    off_t from;
    ssize_t length;

    if (fstat(runner->output, &file) != 0)
        return copy_text("", 0);
    from = file.st_size > PRINTED_BYTES ? file.st_size - PRINTED_BYTES : 0;
    length = pread(runner->output, text, PRINTED_BYTES, from);
    if (length < 0)
        length = 0;
    text[length] = '\0';
    return copy_text(last_lines(text, (size_t)length), PRINTED_BYTES);
}
