/* SPDX-License-Identifier: BSD-3-Clause */

#include "output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os/thread.h"

/* ---- Signals that write() may raise, and that would end the process ---- */

static const int signals_of_write[] = {SIGPIPE, SIGXFSZ};

struct signals {
    sigset_t programs; /* blocked by the program */
    sigset_t ours;     /* not pending before */
};

static void hold_signals(struct signals *signals)
{
    sigset_t both;
    sigset_t pending;

    sigemptyset(&both);
    for (size_t i = 0; i < sizeof signals_of_write / sizeof *signals_of_write; i++)
        sigaddset(&both, signals_of_write[i]);
    pthread_sigmask(SIG_BLOCK, &both, &signals->programs);
    sigpending(&pending);
    signals->ours = both;
    for (size_t i = 0; i < sizeof signals_of_write / sizeof *signals_of_write; i++)
        if (sigismember(&pending, signals_of_write[i]))
            sigdelset(&signals->ours, signals_of_write[i]);
}

/* Discards those that were raised meanwhile. */
static void release_signals(const struct signals *signals)
{
    static const struct timespec no_time;

    while (sigtimedwait(&signals->ours, NULL, &no_time) > 0)
        continue;
    pthread_sigmask(SIG_SETMASK, &signals->programs, NULL);
}

/* ---- Writing ---- */

static int write_all(int fd, const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t written = write(fd, text + done, length - done);

        if (written > 0)
            done += (size_t)written;
        else if (written == 0 || errno != EINTR)
            return written == 0 ? ENOSPC : errno;
    }
    return 0;
}

int zm_write(int fd, const char *text, size_t length)
{
    int saved_errno = errno;
    int state = zm_cancel_off();
    struct signals signals;
    int error;

    hold_signals(&signals);
    error = write_all(fd, text, length);
    release_signals(&signals);
    zm_cancel_restore(state);
    errno = saved_errno;
    return error;
}

/* Does not wait for a reader at the other end of a named pipe. */
static int open_to_append(const char *path)
{
    int fd;

    do
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int zm_append_to_file(const char *path, const char *text, size_t length, const char **cannot)
{
    int saved_errno = errno;
    int state = zm_cancel_off();
    int fd = open_to_append(path);
    int error = fd < 0 ? errno : 0;

    *cannot = fd < 0 ? "open" : "write to";
    if (fd >= 0) {
        error = zm_write(fd, text, length);
        close(fd);
    }
    zm_cancel_restore(state);
    errno = saved_errno;
    return error;
}

/* ---- Descriptor 2 ---- */

/*
 * If a program closes its stderr, the next file it opens may get the number 2, and messages would
 * end up in its data. A program that puts a log there on purpose wants them.
 */
static struct {
    bool looked;
    bool open;
    dev_t device;
    ino_t file;
} at_load;

__attribute__((constructor(101))) static void look_at_stderr(void)
{
    int saved_errno = errno;
    struct stat now;

    if (!at_load.looked && fstat(STDERR_FILENO, &now) == 0) {
        at_load.open = true;
        at_load.device = now.st_dev;
        at_load.file = now.st_ino;
    }
    at_load.looked = true;
    errno = saved_errno;
}

static bool is_as_loaded(const struct stat *now)
{
    return at_load.open && now->st_dev == at_load.device && now->st_ino == at_load.file;
}

/* A file without a name is a test's capture, or nothing that outlives the process. */
static bool holds_data(const struct stat *now)
{
    int flags = fcntl(STDERR_FILENO, F_GETFL);

    if (!S_ISREG(now->st_mode))
        return S_ISSOCK(now->st_mode) || S_ISBLK(now->st_mode);
    return (flags & O_ACCMODE) == O_RDWR && !(flags & O_APPEND) && now->st_nlink > 0;
}

bool zm_stderr_is_as_loaded(void)
{
    int saved_errno = errno;
    struct stat now;
    bool same = fstat(STDERR_FILENO, &now) == 0 && is_as_loaded(&now);

    errno = saved_errno;
    return same;
}

void zm_write_to_stderr(const char *text, size_t length)
{
    int saved_errno = errno;
    struct stat now;

    look_at_stderr();
    if (fstat(STDERR_FILENO, &now) == 0 && (is_as_loaded(&now) || !holds_data(&now)))
        zm_write(STDERR_FILENO, text, length);
    errno = saved_errno;
}
