/* SPDX-License-Identifier: BSD-3-Clause */

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/prctl.h>
#endif

extern char **environ;

/* Valgrind loads its part of the program by LD_PRELOAD. */
bool under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return preloaded != NULL && strstr(preloaded, "/vgpreload_") != NULL;
}

/* Meson sets it if it builds for another machine. */
static const char *emulator(void)
{
    const char *command = getenv("MESON_EXE_WRAPPER");

    return command != NULL ? command : "";
}

bool under_emulator(void)
{
    return *emulator() != '\0';
}

void skip_under_emulator(const char *why)
{
    if (under_emulator()) {
        print_message("skipped: an emulator %s\n", why);
        skip();
    }
}

void skip_under_emulator_of_i386(const char *why)
{
#ifdef __i386__
    skip_under_emulator(why);
#else
    (void)why;
#endif
}

int teardown_nothing_used(void **state)
{
    (void)state;
    if (zmalloc_used_memory() == 0)
        return 0;
    print_error("%zu bytes are still in use\n", zmalloc_used_memory());
    return -1;
}

const char *c_library_version(void)
{
#ifdef __GLIBC__
    return gnu_get_libc_version();
#else
    return "unknown";
#endif
}

void no_room_on_32_bits(void)
{
    struct rlimit space = {BEYOND_ADDRESS_SPACE, BEYOND_ADDRESS_SPACE};

    if (sizeof(size_t) > sizeof(uint32_t))
        return;
    if (setrlimit(RLIMIT_AS, &space) != 0)
        abort();
    /* An emulator does not keep to that. No gap of this size is left. */
    while (mmap(NULL, BEYOND_ADDRESS_SPACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0) != MAP_FAILED)
        continue;
}

const char *backend_under_test(void)
{
    const char *value = getenv("ZMALLOC_BACKEND");

    return value != NULL && *value != '\0' ? value : "libc";
}

/* Each call takes far longer under a layer, which is what is tested there; the suite of the backend
 * alone does the long tests in full. */
#define SCALE_UNDER_LAYERS 0.3

static double test_scale(void)
{
    const char *value = getenv("ZMALLOC_TEST_SCALE");
    double scale = value != NULL ? strtod(value, NULL) : 1;

    if (scale <= 0)
        scale = 1;
    return strchr(backend_under_test(), '+') != NULL ? scale * SCALE_UNDER_LAYERS : scale;
}

size_t scaled(size_t times)
{
    double wanted = (double)times * test_scale();

    return wanted > 1 ? (size_t)wanted : 1;
}

const char *name_without_layers(void)
{
    const char *whole = zmalloc_backend_name();
    const char *plus = strrchr(whole, '+');

    return plus != NULL ? plus + 1 : whole;
}

void leave_blocks_untouched(void)
{
#ifdef __GLIBC__
    mallopt(M_PERTURB, 0);
#endif
}

/* ---- Children ---- */

struct pipes {
    int out[2];
    int err[2];
};

static long milliseconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads what is there; false at the end of the stream. Drops what does not fit. */
static bool drain(int fd, char *text)
{
    char chunk[4096];
    ssize_t got = read(fd, chunk, sizeof chunk);
    size_t used = strlen(text);
    size_t room = OUTPUT_SIZE - 1 - used;

    if (got <= 0)
        return got < 0 && errno == EINTR;
    if ((size_t)got < room)
        room = (size_t)got;
    memcpy(text + used, chunk, room);
    text[used + room] = '\0';
    return true;
}

/* Reads both streams to their ends or to the deadline; true if the deadline came first. */
static bool collect(int out, int err, struct outcome *outcome, long deadline)
{
    struct pollfd streams[] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    char *texts[] = {outcome->out, outcome->err};

    while (streams[0].fd >= 0 || streams[1].fd >= 0) {
        long left = deadline - milliseconds_now();

        if (left <= 0)
            return true;
        poll(streams, 2, (int)left);
        for (size_t i = 0; i < 2; i++)
            if (streams[i].fd >= 0 && streams[i].revents != 0 && !drain(streams[i].fd, texts[i]))
                streams[i].fd = -1;
    }
    return false;
}

static void become_child(struct pipes *pipes)
{
    setpgid(0, 0);
#ifdef __linux__
    /* The child has its own process group, so signals for the test's group do not reach it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    dup2(pipes->out[1], STDOUT_FILENO);
    dup2(pipes->err[1], STDERR_FILENO);
    close(pipes->out[0]);
    close(pipes->out[1]);
    close(pipes->err[0]);
    close(pipes->err[1]);
    /* cmocka's handlers would report the child's death as a failure of the test. */
    for (int number = 1; number < 32; number++)
        signal(number, SIG_DFL);
}

static long watchdog_seconds(void)
{
    size_t seconds = scaled(WATCHDOG_SECONDS);

    return seconds > WATCHDOG_SECONDS ? (long)seconds : WATCHDOG_SECONDS;
}

/* Drops the last line, with which an emulator reports the child's signal. The child did not write
 * it. */
static void drop_line_of_emulator(char *err)
{
    char *line = strstr(err, "qemu: uncaught target signal ");

    if (under_emulator() && line != NULL && (line == err || line[-1] == '\n'))
        *line = '\0';
}

static void watch_child(pid_t pid, struct pipes *pipes, struct outcome *outcome)
{
    long deadline = milliseconds_now() + watchdog_seconds() * 1000;

    close(pipes->out[1]);
    close(pipes->err[1]);
    outcome->timed_out = collect(pipes->out[0], pipes->err[0], outcome, deadline);
    if (outcome->timed_out)
        kill(-pid, SIGKILL);
    waitpid(pid, &outcome->status, 0);
    if (WIFSIGNALED(outcome->status))
        drop_line_of_emulator(outcome->err);
    close(pipes->out[0]);
    close(pipes->err[0]);
}

static pid_t start_child(struct pipes *pipes)
{
    pid_t pid;

    assert_int_equal(pipe2(pipes->out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(pipes->err, O_CLOEXEC), 0);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become_child(pipes);
    return pid;
}

struct outcome run_child(void (*body)(void *argument), void *argument)
{
    struct outcome outcome = {0};
    struct pipes pipes;
    pid_t pid = start_child(&pipes);

    if (pid == 0) {
        body(argument);
        fflush(NULL);
        _exit(0);
    }
    watch_child(pid, &pipes, &outcome);
    return outcome;
}

static void change_environment(const char *const *environment)
{
    for (; environment != NULL && *environment != NULL; environment++)
        if (strchr(*environment, '=') != NULL)
            putenv((char *)(uintptr_t)*environment);
        else
            unsetenv(*environment);
}

/* To the kernel, /proc/self/exe is the emulator or valgrind. */
static const char *path_of_program(const char *name)
{
    static char path[4096];
    ssize_t length = -1;

    if (strcmp(name, "/proc/self/exe") == 0)
        length = readlink(name, path, sizeof path - 1);
    if (length < 0)
        return name;
    path[length] = '\0';
    return path;
}

/* The emulator's command is split by a shell, which passes the arguments on unchanged. */
static void exec_under_emulator(const char *const *arguments)
{
    char script[512];
    const char *words[64] = {"sh", "-c", script, "sh"};
    size_t count = 4;

    if ((size_t)snprintf(script, sizeof script, "exec %s \"$@\"", emulator()) >= sizeof script)
        return;
    if (*arguments != NULL)
        words[count++] = path_of_program(*arguments++);
    while (*arguments != NULL && count < sizeof words / sizeof *words - 1)
        words[count++] = *arguments++;
    if (*arguments == NULL)
        execv("/bin/sh", (char *const *)(uintptr_t)words);
}

void exec_program(const char *const *arguments)
{
    if (under_emulator())
        exec_under_emulator(arguments);
    else
        execv(path_of_program(arguments[0]), (char *const *)(uintptr_t)arguments);
}

struct outcome run_program(const char *const *arguments, const char *const *environment)
{
    struct outcome outcome = {0};
    struct pipes pipes;
    pid_t pid = start_child(&pipes);

    if (pid == 0) {
        change_environment(environment);
        exec_program(arguments);
        fprintf(stderr, "%s: %s\n", arguments[0], strerror(errno));
        _exit(127);
    }
    watch_child(pid, &pipes, &outcome);
    return outcome;
}

static void fail_with(const struct outcome *outcome, const char *expected)
{
    fail_msg("expected %s; %s, status 0x%x\nstdout: %s\nstderr: %s", expected,
             outcome->timed_out ? "hung" : "ended", (unsigned)outcome->status, outcome->out,
             outcome->err);
}

void assert_exited_with(const struct outcome *outcome, int status)
{
    char expected[64];

    snprintf(expected, sizeof expected, "exit status %d", status);
    if (outcome->timed_out || !WIFEXITED(outcome->status) || WEXITSTATUS(outcome->status) != status)
        fail_with(outcome, expected);
}

void assert_killed_by(const struct outcome *outcome, int signal)
{
    char expected[64];

    snprintf(expected, sizeof expected, "signal %d", signal);
    if (outcome->timed_out || !WIFSIGNALED(outcome->status) || WTERMSIG(outcome->status) != signal)
        fail_with(outcome, expected);
}

void assert_err_is(const struct outcome *outcome, const char *text)
{
    if (strcmp(outcome->err, text) != 0)
        fail_with(outcome, text);
}

void assert_err_is_line_with(const struct outcome *outcome, const char *text)
{
    const char *newline = strchr(outcome->err, '\n');

    if (newline == NULL || newline[1] != '\0' || strstr(outcome->err, text) == NULL)
        fail_with(outcome, text);
}

const char *path_beside(const char *name)
{
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    assert_true(length > 0);
    while (path[length - 1] != '/')
        length--;
    assert_true((size_t)length + strlen(name) < sizeof path);
    memcpy(path + length, name, strlen(name) + 1);
    return path;
}

void child_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    _exit(1);
}

#ifdef __GLIBC__

bool first_thread_of_child_may_end(void)
{
    return true;
}

#else

static void *join_first(void *first)
{
    _exit(pthread_join(*(pthread_t *)first, NULL) == 0 ? 0 : 1);
}

static void end_first(void)
{
    static pthread_t first;
    pthread_t joining;

    alarm(2);
    first = pthread_self();
    if (pthread_create(&joining, NULL, join_first, &first) != 0)
        _exit(1);
    pthread_exit(NULL);
}

bool first_thread_of_child_may_end(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        end_first();
    child_check(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status == 0;
}

#endif

/* ---- Threads ---- */

void run_threads(size_t count, void *(*body)(void *argument), void *argument)
{
    pthread_t *threads = calloc(count, sizeof *threads);

    assert_non_null(threads);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, argument), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    free(threads);
}

/* ---- Contents ---- */

uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

static unsigned char stamp_byte(size_t position, unsigned seed)
{
    return (unsigned char)(seed * 31 + position * 7 + (position >> 8));
}

void stamp(void *block, size_t size, unsigned seed)
{
    unsigned char *bytes = block;

    for (size_t i = 0; i < size; i++)
        bytes[i] = stamp_byte(i, seed);
}

bool has_stamp(const void *block, size_t size, unsigned seed)
{
    const unsigned char *bytes = block;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != stamp_byte(i, seed))
            return false;
    return true;
}
