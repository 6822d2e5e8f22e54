/* SPDX-License-Identifier: BSD-3-Clause */

/* Facts about the process and the machine. Reads /proc with buffers on the stack. */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base.h"
#include "config.h"
#include "os/files.h"
#include "os/process.h"
#include "os/thread.h"
#include "text_writer.h"

#ifdef ZM_HAVE_MALLOC_TRIM
#include <malloc.h>
#endif

#define STAT_SIZE 1024
#define SMAPS_LINE_SIZE 128

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Finds a field after the second, the name, which may contain blanks and parentheses. NULL if there
 * is no such field. */
static const char *find_stat_field(const char *text, int field)
{
    const char *at = field > 2 ? strrchr(text, ')') : NULL;

    for (int passed = 2; passed < field && at != NULL; passed++)
        at = strchr(at + 1, ' ');
    return at;
}

/* Returns 0 or ENOENT. */
static int read_stat_field(int field, long long *value)
{
    char text[STAT_SIZE];
    char *end = text;
    const char *at = NULL;
    long long number = 0;
    int saved_errno = errno;

    if (zm_file_read("/proc/self/stat", text, sizeof text) > 0)
        at = find_stat_field(text, field);
    if (at != NULL)
        number = strtoll(at, &end, 10);
    errno = saved_errno;
    if (at == NULL || end == at || (*end != ' ' && *end != '\n'))
        return ENOENT;
    *value = number;
    return 0;
}

int zmalloc_get_proc_stat(int field, long long *value)
{
    return zm_result(read_stat_field(field, value));
}

/* Field 24 of stat is the resident set in pages. */
bool zm_rss(size_t *bytes)
{
    long long pages = 0;
    bool known = read_stat_field(24, &pages) == 0;

    *bytes = (size_t)pages * page_size();
    return known;
}

/* ---- smaps ---- */

static void open_of_process(struct zm_lines *lines, const char *name, long pid)
{
    char path[64] = "";
    struct zm_writer writer = {path, sizeof path - 1, 0};

    zm_writer_text(&writer, "/proc/");
    if (pid == -1)
        zm_writer_text(&writer, "self");
    else
        zm_writer_decimal(&writer, (uint64_t)pid);
    zm_writer_text(&writer, "/");
    zm_writer_text(&writer, name);
    zm_lines_open(lines, path);
}

/* The sum of the field over all lines. False if there is no file or no such field. A line long
 * enough to be cut describes a mapping, so it does not matter. */
static bool sum_field(const char *name, const char *field, long pid, size_t *bytes)
{
    size_t field_length = strlen(field);
    struct zm_lines lines;
    char line[SMAPS_LINE_SIZE];
    bool found = false;
    int saved_errno = errno;

    *bytes = 0;
    open_of_process(&lines, name, pid);
    while (zm_lines_next(&lines, line, sizeof line)) {
        if (strncmp(line, field, field_length) != 0)
            continue;
        *bytes += (size_t)strtoull(line + field_length, NULL, 10) * 1024;
        found = true;
    }
    zm_lines_close(&lines);
    errno = saved_errno;
    return found;
}

size_t zmalloc_get_smap_bytes_by_field(const char *field, long pid)
{
    size_t bytes;

    sum_field("smaps", field, pid, &bytes);
    return bytes;
}

/* Since Linux 4.14 the system adds them up itself, many times faster. */
bool zm_private_dirty(long pid, size_t *bytes)
{
    static const char field[] = "Private_Dirty:";

    return sum_field("smaps_rollup", field, pid, bytes) || sum_field("smaps", field, pid, bytes);
}

size_t zmalloc_get_private_dirty(long pid)
{
    size_t bytes;

    zm_private_dirty(pid, &bytes);
    return bytes;
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

/* ---- The C library's allocator, and pages ---- */

void zlibc_free(void *ptr)
{
    free(ptr);
}

void zlibc_trim(void)
{
#ifdef ZM_HAVE_MALLOC_TRIM
    int state = zm_cancel_off();

    malloc_trim(0);
    zm_cancel_restore(state);
#endif
}

void zmadvise_dontneed_range(void *ptr, size_t size)
{
    size_t page = page_size();
    uintptr_t begin = ((uintptr_t)ptr + page - 1) & ~(uintptr_t)(page - 1);
    uintptr_t end = ((uintptr_t)ptr + size) & ~(uintptr_t)(page - 1);
    int saved_errno = errno;

    if (ptr != NULL && begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED);
    errno = saved_errno;
}
