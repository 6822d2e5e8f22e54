/* SPDX-License-Identifier: BSD-3-Clause */

#include "file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

size_t zm_file_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t got = 1;

    if (fd >= 0) {
        while (got > 0 && length < size - 1) {
            got = read(fd, text + length, size - 1 - length);
            length += got > 0 ? (size_t)got : 0;
        }
        close(fd);
    }
    text[length] = '\0';
    return length;
}

void zm_lines_open(struct zm_lines *lines, const char *path)
{
    lines->fd = open(path, O_RDONLY | O_CLOEXEC);
    lines->length = 0;
}

bool zm_lines_next(struct zm_lines *lines, char *line, size_t size)
{
    size_t used = 0;

    for (;;) {
        char *newline = memchr(lines->text, '\n', lines->length);
        size_t length = newline != NULL ? (size_t)(newline - lines->text) : lines->length;
        size_t copied = length < size - 1 - used ? length : size - 1 - used;
        ssize_t got;

        memcpy(line + used, lines->text, copied);
        used += copied;
        line[used] = '\0';
        if (newline != NULL) {
            lines->length -= length + 1;
            memmove(lines->text, newline + 1, lines->length);
            return true;
        }
        got = lines->fd >= 0 ? read(lines->fd, lines->text, sizeof lines->text) : 0;
        lines->length = got > 0 ? (size_t)got : 0;
        if (got <= 0)
            return used > 0;
    }
}

void zm_lines_close(struct zm_lines *lines)
{
    if (lines->fd >= 0)
        close(lines->fd);
}
