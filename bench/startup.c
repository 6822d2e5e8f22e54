/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Measures what it costs to start a program and let it end. The commands take turns, so other load
 * on the machine meets them alike.
 *
 * The maximum resident size of a child is at least that of its parent, because the child is in the
 * parent's memory until it executes its program. So this program is linked statically if possible:
 * then it has 0.7 MB, while an empty program with a shared C library has 1.0 (x86-64, glibc 2.36).
 * Linked dynamically it has 1.4, and an empty program would seem to have as much. It warns if it
 * got in the way.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools.h"

#define VARIABLE "ZMALLOC_BACKEND"
#define PRELOAD_VARIABLE "LD_PRELOAD"
#define RUNS 200
#define RUNS_MAX 100000

enum measure { WALL_MS, CPU_MS, MAX_RSS_KIB, MINOR_FAULTS, MEASURES };

/* Small, because this program's own memory must stay small. */
struct sample {
    float of[MEASURES];
};

struct command {
    const char *label;
    const char *backend; /* "" for the default */
    char *program;
    struct sample *samples; /* one per run */
};

extern char **environ;

/* For programs with a backend; NULL: nothing is preloaded. */
static const char *preload;

static void __attribute__((noreturn)) usage_error(const char *what, const char *argument)
{
    fprintf(stderr, "startup: %s: %s; see --help\n", argument, what);
    exit(2);
}

static void __attribute__((noreturn)) fail(const char *what, const char *why)
{
    fprintf(stderr, "startup: %s: %s\n", what, why);
    exit(1);
}

static void *allocate(size_t num, size_t size)
{
    void *block = calloc(num, size);

    if (block == NULL)
        fail("calloc", strerror(errno));
    return block;
}

/* ---- The commands ---- */

/* Splits LABEL:BACKEND:PROGRAM in place. */
static struct command read_command(char *argument, struct sample *samples)
{
    char *backend = strchr(argument, ':');
    char *program = backend != NULL ? strchr(backend + 1, ':') : NULL;

    if (program == NULL || program[1] == '\0')
        usage_error("not LABEL:BACKEND:PROGRAM", argument);
    *backend++ = '\0';
    *program++ = '\0';
    return (struct command){
        .label = argument,
        .backend = backend,
        .program = program,
        .samples = samples,
    };
}

/* An empty value unsets it. */
static void set_variable(const char *name, const char *value)
{
    int result = *value != '\0' ? setenv(name, value, 1) : unsetenv(name);

    if (result != 0)
        fail(name, strerror(errno));
}

static void set_environment(const struct command *command)
{
    set_variable(VARIABLE, command->backend);
    if (preload != NULL)
        set_variable(PRELOAD_VARIABLE, *command->backend != '\0' ? preload : "");
}

/* ---- A run ---- */

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double to_ms(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

/* Otherwise the programs' output would end up in the middle of ours. */
static posix_spawn_file_actions_t *silence(void)
{
    static posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error == 0)
        error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (error != 0)
        fail("posix_spawn_file_actions", strerror(error));
    return &actions;
}

static void check_status(const struct command *command, int status)
{
    if (WIFSIGNALED(status))
        fail(command->label, strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0) {
        fprintf(stderr, "startup: %s: %s ended with status %d\n", command->label, command->program,
                WEXITSTATUS(status));
        exit(1);
    }
}

static pid_t start(const struct command *command, const posix_spawn_file_actions_t *actions)
{
    char *arguments[] = {command->program, NULL};
    pid_t pid;
    int error = posix_spawn(&pid, command->program, actions, NULL, arguments, environ);

    if (error != 0)
        fail(command->program, strerror(error));
    return pid;
}

static void run_once(const struct command *command, const posix_spawn_file_actions_t *actions,
                     size_t run)
{
    struct rusage usage;
    double began;
    double wall;
    int status;
    pid_t pid;

    set_environment(command);
    began = now_ms();
    pid = start(command, actions);
    if (wait4(pid, &status, 0, &usage) != pid)
        fail("wait4", strerror(errno));
    wall = now_ms() - began;
    check_status(command, status);
    command->samples[run] = (struct sample){{
        [WALL_MS] = (float)wall,
        [CPU_MS] = (float)(to_ms(usage.ru_utime) + to_ms(usage.ru_stime)),
        [MAX_RSS_KIB] = (float)usage.ru_maxrss,
        [MINOR_FAULTS] = (float)usage.ru_minflt,
    }};
}

/* Runs forwards and backwards in turn, so no command always follows the same one. The first run of
 * each found no file in memory; the second run overwrites its result. */
static void run_all(const struct command *commands, size_t count, size_t runs)
{
    const posix_spawn_file_actions_t *actions = silence();

    for (size_t i = 0; i < count; i++)
        run_once(&commands[i], actions, 0);
    for (size_t run = 0; run < runs; run++)
        for (size_t i = 0; i < count; i++)
            run_once(&commands[run % 2 == 0 ? i : count - 1 - i], actions, run);
}

/* ---- The report ---- */

/* Also sorts the values. */
static double median_of(double *values, const struct command *command, enum measure measure,
                        size_t runs)
{
    for (size_t run = 0; run < runs; run++)
        values[run] = (double)command->samples[run].of[measure];
    return median(values, runs);
}

/* This program's own maximum, in KiB; 0 if the system does not say. getrusage() would include the
 * program that ran in this process before it. */
static double own_kib(void)
{
    char status[4096] = "";
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const char *most;

    if (fd < 0 || read(fd, status, sizeof status - 1) < 0)
        return 0;
    close(fd);
    most = strstr(status, "VmHWM:");
    return most != NULL ? strtod(most + strlen("VmHWM:"), NULL) : 0;
}

static void print_command(const struct command *command, size_t runs, double *values, double own)
{
    double wall = median_of(values, command, WALL_MS, runs);
    double wall_min = values[0];
    double rss = median_of(values, command, MAX_RSS_KIB, runs);

    printf("  {\"label\": ");
    print_json_string(command->label);
    printf(", \"wall_ms_min\": %.3f, \"wall_ms_median\": %.3f", wall_min, wall);
    printf(", \"cpu_ms_median\": %.3f", median_of(values, command, CPU_MS, runs));
    printf(", \"max_rss_kib\": %.0f", rss);
    printf(", \"minor_faults\": %.0f}", median_of(values, command, MINOR_FAULTS, runs));
    if (rss <= own)
        fprintf(stderr, "startup: warning: %s may have less than startup's own %.0f KiB\n",
                command->label, rss);
}

static void print_report(const struct command *commands, size_t count, size_t runs)
{
    double own = own_kib();
    double *values = allocate(runs, sizeof *values);

    printf("[\n");
    for (size_t i = 0; i < count; i++) {
        print_command(&commands[i], runs, values, own);
        printf(i + 1 < count ? ",\n" : "\n");
    }
    printf("]\n");
    free(values);
}

static void print_help(void)
{
    printf(
        "usage: startup [-n RUNS] [-p LIBRARY] LABEL:BACKEND:PROGRAM...\n"
        "\n"
        "Starts each PROGRAM RUNS times (default %d) without arguments, all in turn, with\n"
        "ZMALLOC_BACKEND=BACKEND, or without the variable if BACKEND is empty. Prints what a run\n"
        "took, as JSON.\n"
        "\n"
        "  -n, --runs RUNS         number of runs, 1 to %d\n"
        "  -p, --preload LIBRARY   what is preloaded into each PROGRAM that has a BACKEND\n"
        "  -h, --help              this\n",
        RUNS, RUNS_MAX);
}

static size_t read_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"runs", required_argument, NULL, 'n'},
        {"preload", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    size_t runs = RUNS;
    int option;

    while ((option = getopt_long(argc, argv, "+n:p:h", options, NULL)) != -1) {
        if (option == 'h') {
            print_help();
            exit(0);
        }
        if (option == 'p')
            preload = optarg;
        else if (option != 'n')
            exit(2);
        else if (!read_count(optarg, RUNS_MAX, &runs))
            usage_error("not a number of runs", optarg);
    }
    if (optind == argc)
        usage_error("no program to start", "LABEL:BACKEND:PROGRAM");
    return runs;
}

int main(int argc, char **argv)
{
    size_t runs = read_options(argc, argv);
    size_t count = (size_t)(argc - optind);
    struct command *commands = allocate(count, sizeof *commands);
    struct sample *samples = allocate(count * runs, sizeof *samples);

    for (size_t i = 0; i < count; i++)
        commands[i] = read_command(argv[optind + (int)i], &samples[i * runs]);
    run_all(commands, count, runs);
    print_report(commands, count, runs);
    free(samples);
    free(commands);
    return 0;
}
