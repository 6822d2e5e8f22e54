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

/* The fields after the name, which is the second and may hold blanks and parentheses. NULL where
 * there are none. */
static const char *find_stat_field(const char *text, int field)
{
    const char *at = field > 2 ? strrchr(text, ')') : NULL;

    for (int passed = 2; passed < field && at != NULL; passed++)
        at = strchr(at + 1, ' ');
    return at;
}

int zmalloc_get_proc_stat(int field, long long *value)
{
    char text[LINE_SIZE];
    char *end = text;
    const char *at = NULL;
    long long number = 0;
    int saved_errno = errno;

    if (read_file("/proc/self/stat", text, sizeof text) > 0)
        at = find_stat_field(text, field);
    if (at != NULL)
        number = strtoll(at, &end, 10);
    if (at == NULL || end == at || (*end != ' ' && *end != '\n'))
        return zm_result(ENOENT);
    *value = number;
    errno = saved_errno;
    return 0;
}

/* The field that stat numbers 24 has it in pages. */
size_t zmalloc_get_rss(void)
{
    long long pages;

    return zmalloc_get_proc_stat(24, &pages) == 0 ? (size_t)pages * page_size()
                                                  : zmalloc_used_memory();
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

void zmadvise_dontneed_range(void *ptr, size_t size)
{
    size_t page = page_size();
    uintptr_t begin = ((uintptr_t)ptr + page - 1) & ~(uintptr_t)(page - 1);
    uintptr_t end = ((uintptr_t)ptr + size) & ~(uintptr_t)(page - 1);

    if (ptr != NULL && begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED);
}

void zmadvise_dontneed(void *ptr)
{
    zmadvise_dontneed_range(ptr, zmalloc_usable_size(ptr));
}
