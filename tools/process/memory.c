/* SPDX-License-Identifier: BSD-3-Clause */

/* The memory of another process, and what /proc says of it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../text.h"
#include "process.h"

#define PAGE 4096

int process_read(pid_t pid, uint64_t address, void *to, size_t size)
{
    struct iovec local = {to, size};
    struct iovec remote = {(void *)(uintptr_t)address, size};
    ssize_t done = process_vm_readv(pid, &local, 1, &remote, 1, 0);

    if (done < 0)
        return errno;
    return (size_t)done == size ? 0 : EFAULT;
}

/* By pages: what follows the text need not be mapped. */
int process_read_text(pid_t pid, uint64_t address, char *to, size_t size)
{
    size_t length = 0;

    to[0] = '\0';
    if (address == 0)
        return 0;
    while (length < size - 1) {
        size_t part = PAGE - (size_t)((address + length) % PAGE);
        int error;

        if (part > size - 1 - length)
            part = size - 1 - length;
        error = process_read(pid, address + length, to + length, part);
        to[length + (error == 0 ? part : 0)] = '\0';
        if (error != 0)
            return error;
        if (strlen(to) < length + part)
            return 0;
        length += part;
    }
    return 0;
}

/* ---- /proc ---- */

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    return fopen(path, "re");
}

pid_t process_id(const char *text)
{
    char *end;
    long number;

    if (*text < '0' || *text > '9')
        return 0;
    errno = 0;
    number = strtol(text, &end, 10);
    return *end == '\0' && errno == 0 && number <= INT32_MAX ? (pid_t)number : 0;
}

/* Reads a number and the character that has to follow it, and moves *at behind both. */
static bool take_number(char **at, int base, char next, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(*at, &end, base);
    if (errno != 0 || end == *at || *end != next)
        return false;
    *at = end + 1;
    return true;
}

/* Moves *at behind so many words and the blanks after each. */
static bool skip_words(char **at, unsigned words)
{
    for (; words > 0; words--) {
        size_t length = strcspn(*at, " ");

        if (length == 0)
            return false;
        *at += length;
        *at += strspn(*at, " ");
    }
    return true;
}

/* BEGIN-END PERMISSIONS OFFSET DEVICE INODE FILE */
static bool parse_mapping(char *line, struct mapping *mapping)
{
    char *at = line;
    const char *permissions;

    line[strcspn(line, "\n")] = '\0';
    if (!take_number(&at, 16, '-', &mapping->begin) || !take_number(&at, 16, ' ', &mapping->end))
        return false;
    permissions = at;
    if (strcspn(permissions, " ") != 4 || !skip_words(&at, 4))
        return false;
    mapping->is_writable = permissions[1] == 'w';
    mapping->is_private = permissions[3] == 'p';
    mapping->file = at;
    return true;
}

int process_visit_mappings(pid_t pid,
                           bool (*function)(const struct mapping *mapping, void *argument),
                           void *argument)
{
    FILE *maps = open_proc(pid, "maps");
    char *line = NULL;
    size_t size = 0;
    struct mapping mapping;
    int error = 0;

    if (maps == NULL)
        return errno;
    errno = 0;
    while (getline(&line, &size, maps) > 0)
        if (parse_mapping(line, &mapping) && !function(&mapping, argument))
            break;
    if (ferror(maps))
        error = errno != 0 ? errno : EIO;
    free(line);
    fclose(maps);
    return error;
}

/* The name is in parentheses and may contain some. What follows are fields 3 to 24 of proc(5), of which
 * 10, 12 and 24 matter. */
static bool parse_stat(char *text, struct process_facts *facts)
{
    const char *name = strchr(text, '(');
    char *end = strrchr(text, ')');
    uint64_t pages;

    if (name == NULL || end == NULL || end < name)
        return false;
    snprintf(facts->name, sizeof facts->name, "%.*s", (int)(end - name - 1), name + 1);
    end += 1 + strspn(end + 1, " ");
    facts->has_ended = *end == 'Z' || *end == 'X';
    if (!skip_words(&end, 10 - 3) || !take_number(&end, 10, ' ', &facts->minor_faults) ||
        !skip_words(&end, 1) || !take_number(&end, 10, ' ', &facts->major_faults) ||
        !skip_words(&end, 24 - 13) || !take_number(&end, 10, ' ', &pages))
        return false;
    facts->rss = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

bool process_facts(pid_t pid, struct process_facts *facts)
{
    FILE *stat_file = open_proc(pid, "stat");
    char text[1024];
    struct stat owner;
    bool is_there;

    if (stat_file == NULL)
        return false;
    text[fread(text, 1, sizeof text - 1, stat_file)] = '\0';
    is_there = fstat(fileno(stat_file), &owner) == 0 && parse_stat(text, facts);
    facts->user = is_there ? owner.st_uid : 0;
    fclose(stat_file);
    return is_there;
}

/* ---- What may be wrong ---- */

/* -1: there is no such rule. */
static int ptrace_scope(void)
{
    FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    char text[16];
    char *at = text;
    uint64_t scope;

    if (file == NULL)
        return -1;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return take_number(&at, 10, '\n', &scope) && scope <= INT32_MAX ? (int)scope : -1;
}

static char *not_allowed(pid_t pid)
{
    struct process_facts facts;

    if (process_facts(pid, &facts) && geteuid() != 0 && facts.user != geteuid())
        return text_format("it belongs to another user: run this as root");
    if (geteuid() != 0 && ptrace_scope() > 0)
        return text_format("the kernel lets only root read other processes "
                           "(kernel.yama.ptrace_scope is %d): run this as root",
                           ptrace_scope());
    return text_format("the kernel does not allow it: this needs the capability CAP_SYS_PTRACE, in "
                       "a container docker run --cap-add SYS_PTRACE");
}

char *process_trouble(pid_t pid, int error)
{
    switch (error) {
    case ESRCH:
    case ENOENT:
        return text_format("there is no such process");
    case EPERM:
    case EACCES:
        return not_allowed(pid);
    case ENOSYS:
        return text_format("this kernel has no process_vm_readv()");
    case EPROTO:
    case EFAULT:
        return text_format("its figures make no sense; its memory may have been overwritten");
    case ESTALE:
        return text_format("it has just executed another program, or closed the library");
    case EAGAIN:
        return text_format("it has not allocated anything with zmalloc yet");
    default:
        return text_format("it cannot be read: %s", strerror(error));
    }
}
