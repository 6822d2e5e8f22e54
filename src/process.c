/* SPDX-License-Identifier: BSD-3-Clause */

/* What the system says of the process and the machine. Reads /proc with buffers on the stack. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "internal.h"

#ifdef ZM_HAVE_MALLOC_TRIM
#include <malloc.h>
#endif

#define LINE_SIZE 1024

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Reads a whole small file. Returns its length, 0 on failure; text is terminated. */
static size_t read_file(const char *path, char *text, size_t size)
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

/* The field that stat numbers 24, in pages. The name before it may hold blanks and parentheses. */
size_t zmalloc_get_rss(void)
{
    char text[LINE_SIZE];
    const char *at;

    if (read_file("/proc/self/stat", text, sizeof text) == 0 || (at = strrchr(text, ')')) == NULL)
        return zmalloc_used_memory();
    for (int field = 2; field < 24 && at != NULL; field++)
        at = strchr(at + 1, ' ');
    return at != NULL ? (size_t)strtoull(at, NULL, 10) * page_size() : zmalloc_used_memory();
}

/* ---- smaps ---- */

struct line_reader {
    int fd;
    size_t length;
    char text[4096];
};

/* The next line without its newline, cut to size; false at the end. */
static bool read_line(struct line_reader *reader, char *line, size_t size)
{
    size_t used = 0;

    for (;;) {
        char *newline = memchr(reader->text, '\n', reader->length);
        size_t length = newline != NULL ? (size_t)(newline - reader->text) : reader->length;
        size_t copied = length < size - 1 - used ? length : size - 1 - used;
        ssize_t got;

        memcpy(line + used, reader->text, copied);
        used += copied;
        line[used] = '\0';
        if (newline != NULL) {
            reader->length -= length + 1;
            memmove(reader->text, newline + 1, reader->length);
            return true;
        }
        got = read(reader->fd, reader->text, sizeof reader->text);
        reader->length = got > 0 ? (size_t)got : 0;
        if (got <= 0)
            return used > 0;
    }
}

static int open_smaps(long pid)
{
    char path[64];

    if (pid == -1)
        return open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%ld/smaps", pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

size_t zmalloc_get_smap_bytes_by_field(const char *field, long pid)
{
    struct line_reader reader = {.fd = open_smaps(pid)};
    size_t field_length = strlen(field);
    char line[LINE_SIZE];
    size_t bytes = 0;

    if (reader.fd < 0)
        return 0;
    while (read_line(&reader, line, sizeof line))
        if (strncmp(line, field, field_length) == 0)
            bytes += (size_t)strtoull(line + field_length, NULL, 10) * 1024;
    close(reader.fd);
    return bytes;
}

size_t zmalloc_get_private_dirty(long pid)
{
    return zmalloc_get_smap_bytes_by_field("Private_Dirty:", pid);
}

/* ---- The machine ---- */

size_t zmalloc_get_memory_size(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    size_t bytes;

    if (pages <= 0)
        return 0;
    return __builtin_mul_overflow((size_t)pages, page_size(), &bytes) ? SIZE_MAX : bytes;
}

float zmalloc_get_fragmentation_ratio(size_t rss)
{
    size_t used = zmalloc_used_memory();

    return used > 0 ? (float)rss / (float)used : 0.0f;
}

/* ---- The C library's allocator, and pages ---- */

void zlibc_free(void *ptr)
{
    free(ptr);
}

void zlibc_trim(void)
{
#ifdef ZM_HAVE_MALLOC_TRIM
    malloc_trim(0);
#endif
}

void zmadvise_dontneed(void *ptr)
{
    size_t page = page_size();
    uintptr_t begin = ((uintptr_t)ptr + page - 1) & ~(uintptr_t)(page - 1);
    uintptr_t end = ((uintptr_t)ptr + zmalloc_usable_size(ptr)) & ~(uintptr_t)(page - 1);

    if (begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED);
}
