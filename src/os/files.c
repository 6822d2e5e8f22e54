/* SPDX-License-Identifier: BSD-3-Clause */

#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/thread.h"

static int open_to_read(const char *path)
{
    int saved_errno = errno;
    int state = zm_cancel_off();
    int fd;

    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    zm_cancel_restore(state);
    errno = saved_errno;
    return fd;
}

/* Some bytes, or 0 at the end, on failure, and if there is no file. */
static size_t read_some(int fd, char *text, size_t size)
{
    int saved_errno = errno;
    int state = zm_cancel_off();
    ssize_t got;

    do
        got = fd >= 0 ? read(fd, text, size) : 0;
    while (got < 0 && errno == EINTR);
    zm_cancel_restore(state);
    errno = saved_errno;
    return got > 0 ? (size_t)got : 0;
}

static void close_it(int fd)
{
    int saved_errno = errno;
    int state = zm_cancel_off();

    if (fd >= 0)
        close(fd);
    zm_cancel_restore(state);
    errno = saved_errno;
}

size_t zm_file_read(const char *path, char *text, size_t size)
{
    int fd = open_to_read(path);
    size_t length = 0;
    size_t got = 1;

    while (got > 0 && length < size - 1) {
        got = read_some(fd, text + length, size - 1 - length);
        length += got;
    }
    close_it(fd);
    text[length] = '\0';
    return length;
}

void zm_lines_open(struct zm_lines *lines, const char *path)
{
    lines->fd = open_to_read(path);
    lines->length = 0;
}

bool zm_lines_next(struct zm_lines *lines, char *line, size_t size)
{
    size_t used = 0;

    for (;;) {
        char *newline = memchr(lines->text, '\n', lines->length);
        size_t length = newline != NULL ? (size_t)(newline - lines->text) : lines->length;
        size_t copied = length < size - 1 - used ? length : size - 1 - used;

        memcpy(line + used, lines->text, copied);
        used += copied;
        line[used] = '\0';
        if (newline != NULL) {
            lines->length -= length + 1;
            memmove(lines->text, newline + 1, lines->length);
            return true;
        }
        lines->length = read_some(lines->fd, lines->text, sizeof lines->text);
        if (lines->length == 0)
            return used > 0;
    }
}

void zm_lines_close(struct zm_lines *lines)
{
    close_it(lines->fd);
}
