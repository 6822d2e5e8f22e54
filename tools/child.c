/* SPDX-License-Identifier: BSD-3-Clause */

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "text.h"
#include "verb.h"

#define KEPT_MAX ((size_t)1 << 20)

/* One of the child's streams: both ends of its pipe, and what came through. */
struct stream {
    int ends[2];
    char *text;
    size_t length;
    size_t size;
};

static long long milliseconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

static void stream_close(struct stream *stream)
{
    close_end(&stream->ends[0]);
    close_end(&stream->ends[1]);
}

/* ---- Starting ---- */

static int spawn(pid_t *pid, const struct stream *streams, const char *path, char *const *arguments,
                 char *const *environment)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return error;
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, streams[0].ends[1], STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, streams[1].ends[1], STDERR_FILENO);
    if (error == 0)
        error = posix_spawn(pid, path, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int start(pid_t *pid, struct stream *streams, const char *path, char *const *arguments,
                 char *const *environment)
{
    int error = 0;

    for (int i = 0; i < 2 && error == 0; i++)
        if (pipe2(streams[i].ends, O_CLOEXEC) != 0)
            error = errno;
    if (error == 0)
        error = spawn(pid, streams, path, arguments, environment);
    for (int i = 0; i < 2; i++)
        close_end(&streams[i].ends[1]);
    return error;
}

/* ---- Listening ---- */

static void make_room(struct stream *stream, size_t length)
{
    size_t size = 2 * (stream->length + length + 1);
    char *text;

    if (stream->size - stream->length > length)
        return;
    text = allocate(size, 1);
    if (stream->length > 0)
        memcpy(text, stream->text, stream->length);
    free(stream->text);
    stream->text = text;
    stream->size = size;
}

/* What is kept ends with a 0, since memory from allocate() is zeroed. */
static void keep(struct stream *stream, const char *text, size_t length)
{
    if (length > KEPT_MAX - stream->length)
        length = KEPT_MAX - stream->length;
    make_room(stream, length);
    memcpy(stream->text + stream->length, text, length);
    stream->length += length;
}

static void stream_read(struct stream *stream)
{
    char text[4096];
    ssize_t got = read(stream->ends[0], text, sizeof text);

    if (got > 0)
        keep(stream, text, (size_t)got);
    else if (got == 0 || errno != EINTR)
        close_end(&stream->ends[0]);
}

/* Until both streams end; false where they do not in time. */
static bool listen_to(struct stream *streams, int seconds)
{
    long long deadline = milliseconds_now() + seconds * 1000LL;

    while (streams[0].ends[0] >= 0 || streams[1].ends[0] >= 0) {
        struct pollfd polled[2] = {{.fd = streams[0].ends[0], .events = POLLIN},
                                   {.fd = streams[1].ends[0], .events = POLLIN}};
        long long left = deadline - milliseconds_now();

        if (left <= 0)
            return false;
        if (poll(polled, 2, (int)left) < 0 && errno != EINTR)
            return false;
        for (int i = 0; i < 2; i++)
            if (polled[i].revents != 0)
                stream_read(&streams[i]);
    }
    return true;
}

static int status_of(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static char *text_of(struct stream *stream)
{
    return stream->text != NULL ? stream->text : copy_text("", 0);
}

int child_run(struct child *child, const char *path, char *const *arguments,
              char *const *environment, int seconds)
{
    struct stream streams[2] = {{.ends = {-1, -1}}, {.ends = {-1, -1}}};
    void (*before)(int);
    pid_t pid = 0;
    int error;

    *child = (struct child){0};
    /* Where whoever started us ignores it, statuses of children are lost. */
    before = signal(SIGCHLD, SIG_DFL);
    error = start(&pid, streams, path, arguments, environment);
    if (error == 0) {
        bool in_time = listen_to(streams, seconds);

        if (!in_time)
            kill(pid, SIGKILL);
        child->status = status_of(pid);
        if (!in_time)
            child->status = CHILD_TIMED_OUT;
        child->output = text_of(&streams[0]);
        child->errors = text_of(&streams[1]);
    }
    for (int i = 0; i < 2; i++)
        stream_close(&streams[i]);
    /* What the command becomes is to find it as it was. */
    signal(SIGCHLD, before);
    return error;
}

void child_free(struct child *child)
{
    free(child->output);
    free(child->errors);
    *child = (struct child){0};
}

/* ---- The environment ---- */

static size_t count_variables(void)
{
    size_t count = 0;

    while (environ[count] != NULL)
        count++;
    return count;
}

static bool is_of_name(const char *variable, const char *other)
{
    size_t length = other != NULL ? strcspn(other, "=") + 1 : 0;

    return length > 0 && strncmp(variable, other, length) == 0;
}

char **child_environment(const char *without, char *one_more)
{
    char **variables = allocate(count_variables() + 2, sizeof *variables);
    size_t count = 0;

    for (char **variable = environ; *variable != NULL; variable++)
        if (!text_begins_with(*variable, without) && !is_of_name(*variable, one_more))
            variables[count++] = *variable;
    variables[count] = one_more;
    return variables;
}
