/* SPDX-License-Identifier: BSD-3-Clause */

#include "system_facts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "text.h"
#include "zmalloc.h"

#define FILE_SIZE 8192

/* A small file, cut to size; "" where it cannot be read. */
static void read_file(const char *root, const char *path, char text[FILE_SIZE])
{
    char *whole = text_format("%s%s", root, path);
    FILE *file = fopen(whole, "re");
    size_t length = 0;

    if (file != NULL) {
        length = fread(text, 1, FILE_SIZE - 1, file);
        fclose(file);
    }
    text[length] = '\0';
    free(whole);
}

/* Of a text that begins with it. */
static long long number_at(const char *text)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    return end == text || errno != 0 || number < 0 ? FACT_UNKNOWN : number;
}

static long long read_number(const char *root, const char *path)
{
    char text[FILE_SIZE];

    read_file(root, path, text);
    return number_at(text);
}

/* "always [madvise] never": the word in brackets. */
static void read_bracketed(const char *root, const char *path, char *word, size_t size)
{
    char text[FILE_SIZE];
    const char *begin;
    size_t length;

    read_file(root, path, text);
    begin = strchr(text, '[');
    length = begin != NULL ? strcspn(begin + 1, "]\n") : 0;
    if (length == 0 || length >= size || begin[1 + length] != ']')
        length = 0;
    if (length > 0)
        memcpy(word, begin + 1, length);
    word[length] = '\0';
}

/* A field of /proc/meminfo, which counts in KiB. */
static long long field_of(const char *text, const char *field)
{
    const char *line = text;
    long long number = FACT_UNKNOWN;

    while (*line != '\0' && !text_begins_with(line, field)) {
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    if (*line != '\0')
        number = number_at(line + strlen(field));
    return number == FACT_UNKNOWN ? FACT_UNKNOWN : number * 1024;
}

void system_facts_read(struct system_facts *facts, const char *root)
{
    char text[FILE_SIZE];

    read_bracketed(root, "/sys/kernel/mm/transparent_hugepage/enabled", facts->huge_pages,
                   sizeof facts->huge_pages);
    facts->overcommit = read_number(root, "/proc/sys/vm/overcommit_memory");
    facts->map_count = read_number(root, "/proc/sys/vm/max_map_count");
    read_file(root, "/proc/meminfo", text);
    facts->commit_limit = field_of(text, "CommitLimit:");
    facts->committed = field_of(text, "Committed_AS:");
}

void system_facts_ask(struct system_facts *facts)
{
    struct rlimit limit;
    bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;

    facts->page_size = (size_t)sysconf(_SC_PAGESIZE);
    facts->memory = zmalloc_get_memory_size();
    facts->limit = zmalloc_get_memory_limit();
    facts->address_space = limited ? (long long)limit.rlim_cur : FACT_UNKNOWN;
}
