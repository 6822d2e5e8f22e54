/* SPDX-License-Identifier: BSD-3-Clause */

/* Which backends there are, and whether one that was named is among them. */

#include "candidates.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "zmalloc.h"

#define BLANKS " \t\r\n"

static void add_name(struct names *names, const char *name, size_t length)
{
    char **more = allocate(names->count + 1, sizeof *more);

    for (size_t i = 0; i < names->count; i++)
        more[i] = names->of[i];
    more[names->count++] = copy_text(name, length);
    free(names->of);
    names->of = more;
}

struct names available_backends(void)
{
    struct names names = {0};
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        if (info.state == ZMALLOC_BACKEND_BUILT_IN || info.state == ZMALLOC_BACKEND_LOADABLE)
            add_name(&names, info.name, strlen(info.name));
    return names;
}

struct names listed_backends(const char *list)
{
    struct names names = {0};

    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        size_t first = strspn(list, BLANKS);
        size_t last = length;

        while (last > first && strchr(BLANKS, list[last - 1]) != NULL)
            last--;
        if (first < last)
            add_name(&names, list + first, last - first);
        list += length + (list[length] == ',' ? 1 : 0);
    }
    return names;
}

void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->of[i]);
    free(names->of);
}

/* ---- The library asked ---- */

/*
 * The first allocation chooses; where nothing starts the library says why on stderr, and ends with
 * 78.
 */
static void __attribute__((noreturn)) try(const char *name, int fd)
{
    if (dup2(fd, STDERR_FILENO) < 0 || setenv("ZMALLOC_BACKEND", name, 1) != 0)
        _exit(EXIT_FAILURE);
    zfree(zmalloc(1));
    _exit(EXIT_SUCCESS);
}

static void read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got = 1;

    while (got > 0 && length < size - 1) {
        got = read(fd, text + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    text[length] = '\0';
}

/*
 * Of "zmalloc: ZMALLOC_BACKEND="NAME": "NAME": REASON" what stands after the name, which has no
 * quotes in it. A line of another form is left as it is.
 */
static void keep_reason(char *line)
{
    static const char prefix[] = "zmalloc: ZMALLOC_BACKEND=";
    char *reason = strncmp(line, prefix, strlen(prefix)) == 0 ? strstr(line, "\": ") : NULL;

    if (reason != NULL)
        reason = strstr(reason + 3, "\": ");
    if (reason != NULL)
        memmove(line, reason + 3, strlen(reason + 3) + 1);
    line[strcspn(line, "\n")] = '\0';
}

bool backend_starts(const char *name, char *why, size_t size)
{
    int ends[2];
    int status = 0;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return snprintf(why, size, "it could not be tried") < 0;
    child = fork();
    if (child == 0)
        try(name, ends[1]);
    close(ends[1]);
    read_all(ends[0], why, size);
    close(ends[0]);
    if (child > 0 && waitpid(child, &status, 0) == child && status == 0)
        return true;
    keep_reason(why);
    if (*why == '\0')
        snprintf(why, size, "it does not start");
    return false;
}
