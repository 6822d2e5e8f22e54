/* SPDX-License-Identifier: BSD-3-Clause */

/* Files that are never partly written. */

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(int error)
{
    errno = error;
    return -1;
}

static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* Through /dev a redirected stdout is a file, too, which somebody has open. */
static bool is_written_as_it_is(const char *path)
{
    struct stat found;

    return strncmp(path, "/dev/", 5) == 0 ||
           (stat(path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode));
}

/* Through symbolic links: it is the file that is replaced, not the link. */
static int find_target(const char *path, char target[PATH_MAX])
{
    struct stat found;

    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
        return failed(EISDIR);
    if (realpath(path, target) != NULL)
        return 0;
    if (errno != ENOENT)
        return -1;
    if (strlen(path) >= PATH_MAX)
        return failed(ENAMETOOLONG);
    memcpy(target, path, strlen(path) + 1);
    return 0;
}

/* How much of a path is the folder, with the last slash. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

int check_output(const char *path)
{
    char target[PATH_MAX];
    size_t length;

    if (is_stdout(path))
        return fcntl(STDOUT_FILENO, F_GETFD) < 0 ? -1 : 0;
    if (is_written_as_it_is(path))
        return access(path, W_OK);
    if (find_target(path, target) != 0)
        return -1;
    length = folder_length(target);
    target[length] = '\0';
    return access(length > 0 ? target : ".", W_OK | X_OK);
}

static int as_stream(struct output *output, int fd)
{
    output->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (output->file != NULL)
        return 0;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool is_same(const char *path, int fd)
{
    struct stat named;
    struct stat opened;

    return stat(path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

/* Opened anew, what is our own stdout would be written by two who know nothing of each other. */
static int open_as_it_is(const char *path)
{
    if (is_stdout(path) || is_same(path, STDOUT_FILENO))
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
}

/* mkstemp's files are for nobody else; this one becomes as readable as the one before it. */
static void set_mode(int fd, const char *target)
{
    struct stat found;
    mode_t mask = umask(0);
    mode_t mode = 0666 & ~mask;

    umask(mask);
    if (stat(target, &found) == 0)
        mode = found.st_mode & 0777;
    /* Less readable is no reason to write nothing. */
    (void)!fchmod(fd, mode);
}

int open_output(struct output *output, const char *path)
{
    int length;
    int fd;

    output->file = NULL;
    output->aside[0] = '\0';
    if (is_stdout(path) || is_written_as_it_is(path))
        return as_stream(output, open_as_it_is(path));
    if (find_target(path, output->target) != 0)
        return -1;
    length = snprintf(output->aside, PATH_MAX, "%.*s.zmalloc-XXXXXX",
                      (int)folder_length(output->target), output->target);
    if (length < 0 || length >= PATH_MAX)
        return failed(ENAMETOOLONG);
    fd = mkostemp(output->aside, O_CLOEXEC);
    if (fd < 0)
        return -1;
    set_mode(fd, output->target);
    if (as_stream(output, fd) == 0)
        return 0;
    unlink(output->aside);
    return -1;
}

int keep_output(struct output *output)
{
    bool written = fflush(output->file) == 0 && !ferror(output->file);
    int error = written ? 0 : errno;

    if (fclose(output->file) != 0 && error == 0)
        error = errno;
    if (output->aside[0] == '\0')
        return error == 0 ? 0 : failed(error);
    if (error == 0 && rename(output->aside, output->target) == 0)
        return 0;
    if (error == 0)
        error = errno;
    unlink(output->aside);
    return failed(error);
}

void drop_output(struct output *output)
{
    fclose(output->file);
    if (output->aside[0] != '\0')
        unlink(output->aside);
}
