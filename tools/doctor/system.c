/* SPDX-License-Identifier: BSD-3-Clause */

/* What the system is set to, as far as it matters to allocators. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "doctor/doctor.h"
#include "text.h"
#include "zmalloc.h"

/* ---- What the system is set to ---- */

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

/* ---- What doctor says of it ---- */

/* vm.max_map_count of a kernel that nobody has set. */
#define USUAL_MAP_COUNT 65530
#define USUAL_PAGE_SIZE 4096

static void tell_of_unknown(struct findings *findings, const char *what)
{
    finding(findings, LEVEL_NOTE, "%s cannot be read.", what);
    meaning(findings, "the system has no such setting, or hides it, as in some containers.");
    advice(findings, "ask on the host, if it matters.");
}

/* ---- Transparent huge pages ---- */

static void tell_of_huge_pages_always(struct findings *findings)
{
    finding(findings, LEVEL_NOTE, "Transparent huge pages are on for all memory (always).");
    meaning(
        findings,
        "the kernel backs the heap with pages of 2 MiB or so on its own. That saves TLB misses. "
        "But memory that an allocator gives back in smaller pieces splits them, and khugepaged "
        "may fill the holes again: with jemalloc RSS then exceeds what it reports as "
        "resident. And after fork() each write copies a whole huge page, which makes a "
        "snapshot slow and large.");
    advice(findings, "for servers that fork, or whose RSS matters: echo madvise "
                     ">/sys/kernel/mm/transparent_hugepage/enabled; or for one process "
                     "MALLOC_CONF=thp:never with jemalloc, prctl(PR_SET_THP_DISABLE) with any. "
                     "Else measure, and leave it.");
}

static void tell_of_huge_pages_madvise(struct findings *findings)
{
    finding(findings, LEVEL_OK,
            "Transparent huge pages are for memory that asks for them "
            "(madvise).");
    meaning(findings, "no allocator asks unless told to, and RSS is what is in use.");
    advice(findings, "nothing; to try them for one process: MALLOC_CONF=thp:always with jemalloc, "
                     "GLIBC_TUNABLES=glibc.malloc.hugetlb=1 with libc and native.");
}

static void examine_huge_pages(struct findings *findings, const struct system_facts *facts)
{
    if (strcmp(facts->huge_pages, "always") == 0) {
        tell_of_huge_pages_always(findings);
    } else if (strcmp(facts->huge_pages, "madvise") == 0) {
        tell_of_huge_pages_madvise(findings);
    } else if (*facts->huge_pages == '\0') {
        tell_of_unknown(findings, "/sys/kernel/mm/transparent_hugepage/enabled");
    } else {
        finding(findings, LEVEL_OK, "Transparent huge pages are off (%s).", facts->huge_pages);
        meaning(findings, "RSS is what is in use; large heaps miss the TLB more often.");
        advice(findings, NOTHING_TO_DO);
    }
}

/* ---- Overcommit ---- */

static void tell_of_heuristic(struct findings *findings)
{
    finding(findings, LEVEL_NOTE,
            "vm.overcommit_memory is 0: the kernel refuses what it takes for "
            "too much.");
    meaning(findings,
            "memory is taken when it is written, so most requests succeed and only an absurd one "
            "fails. But fork() counts as a request for all that the process could write: with "
            "much data and little free memory it may fail with ENOMEM, although parent and child "
            "share their pages.");
    advice(findings, "for a server that forks with its data, as Redis does for a snapshot: sysctl "
                     "vm.overcommit_memory=1. Else nothing.");
}

static void tell_of_always(struct findings *findings)
{
    finding(findings, LEVEL_OK, "vm.overcommit_memory is 1: the kernel refuses no request.");
    meaning(findings, "fork() succeeds however large the process is. Where memory runs out, no "
                      "allocation fails and no out-of-memory handler is called: the kernel kills "
                      "a process.");
    advice(findings, "give the program a limit of its own, and hold zmalloc_used_memory() "
                     "against it.");
}

/* More than nine tenths of what may be promised. */
static bool is_nearly_all_promised(const struct system_facts *facts)
{
    return facts->commit_limit > 0 && facts->committed > facts->commit_limit / 10 * 9;
}

static void tell_of_strict(struct findings *findings, const struct system_facts *facts)
{
    bool nearly = is_nearly_all_promised(facts);
    char *committed = text_bytes(facts->committed > 0 ? (unsigned long long)facts->committed : 0);
    char *limit = text_bytes(facts->commit_limit > 0 ? (unsigned long long)facts->commit_limit : 0);

    finding(findings, nearly ? LEVEL_WARNING : LEVEL_NOTE,
            "vm.overcommit_memory is 2: the kernel promises %s at most, and has promised %s.",
            limit, committed);
    meaning(findings,
            "what could be written counts, not what is: memory that an allocator keeps for later, "
            "the stack of each thread, and at fork() the whole process once more, which may then "
            "fail with ENOMEM. Allocation fails while memory is free, and zmalloc calls its "
            "out-of-memory handler.");
    advice(findings, "sysctl vm.overcommit_memory=1 (or 0) for servers that fork; else raise "
                     "vm.overcommit_ratio or add swap until the limit is far from what is "
                     "promised.");
    free(committed);
    free(limit);
}

static void examine_overcommit(struct findings *findings, const struct system_facts *facts)
{
    if (facts->overcommit == 0)
        tell_of_heuristic(findings);
    else if (facts->overcommit == 1)
        tell_of_always(findings);
    else if (facts->overcommit == 2)
        tell_of_strict(findings, facts);
    else
        tell_of_unknown(findings, "/proc/sys/vm/overcommit_memory");
}

/* ---- Mappings ---- */

static void examine_map_count(struct findings *findings, const struct system_facts *facts)
{
    bool few = facts->map_count < USUAL_MAP_COUNT;

    if (facts->map_count == FACT_UNKNOWN) {
        tell_of_unknown(findings, "/proc/sys/vm/max_map_count");
        return;
    }
    finding(findings, few ? LEVEL_WARNING : LEVEL_OK,
            "vm.max_map_count is %lld: so many mappings a process may have%s.", facts->map_count,
            few ? ", which is fewer than usual" : "");
    meaning(findings,
            "memory that was given back in the middle of a mapping, a guard page, each thread's "
            "stack and each arena split or add mappings. At the limit mmap(), munmap() and "
            "mprotect() fail with ENOMEM while memory is free.");
    if (few)
        advice(findings, "sysctl vm.max_map_count=%d, or more for thousands of threads.",
               USUAL_MAP_COUNT);
    else
        advice(findings, "nothing; for thousands of threads, or heaps of hundreds of gigabytes, "
                         "sysctl vm.max_map_count=262144. `wc -l /proc/PID/maps` tells how many "
                         "a process has.");
}

/* ---- How much there is ---- */

static void tell_of_group_limit(struct findings *findings, const char *limit, const char *memory)
{
    finding(findings, LEVEL_NOTE, "A control group limits memory to %s of the machine's %s.", limit,
            memory);
    meaning(findings, "at the limit the kernel kills a process of the group, and no allocation "
                      "fails before. What a program derives from the machine's memory is too "
                      "large here.");
    advice(findings, "derive sizes of caches from zmalloc_get_memory_limit(), not from "
                     "zmalloc_get_memory_size(), and leave room for what is not zmalloc's.");
}

static void examine_limit(struct findings *findings, const struct system_facts *facts)
{
    char *memory = text_bytes(facts->memory);
    char *limit = text_bytes(facts->limit);

    if (facts->memory == 0 || facts->limit == 0) {
        tell_of_unknown(findings, "How much memory there is");
    } else if (facts->limit < facts->memory) {
        tell_of_group_limit(findings, limit, memory);
    } else {
        finding(findings, LEVEL_OK, "The machine has %s, and no control group limits it.", memory);
        meaning(findings, "zmalloc_get_memory_limit() and zmalloc_get_memory_size() agree.");
        advice(findings, NOTHING_TO_DO);
    }
    free(memory);
    free(limit);
}

static void examine_address_space(struct findings *findings, const struct system_facts *facts)
{
    char *limit;

    if (facts->address_space == FACT_UNKNOWN)
        return;
    limit = text_bytes((unsigned long long)facts->address_space);
    finding(findings, LEVEL_WARNING, "The address space is limited to %s (ulimit -v).", limit);
    meaning(findings, "allocators reserve far more than they use: 64 MiB for each arena of the C "
                      "library, what jemalloc retains, whole segments of mimalloc. They run out "
                      "of it long before memory does.");
    advice(findings, "limit memory with a control group (MemoryMax= of systemd) in its place.");
    free(limit);
}

static void examine_pages(struct findings *findings, const struct system_facts *facts)
{
    bool usual = facts->page_size <= USUAL_PAGE_SIZE;
    char *size = text_bytes(facts->page_size);

    finding(findings, usual ? LEVEL_OK : LEVEL_NOTE, "A page has %s.", size);
    if (usual) {
        meaning(findings, "it is what every allocator is built for.");
        advice(findings, NOTHING_TO_DO);
    } else {
        meaning(findings, "a jemalloc that was built for smaller pages does not start, and the "
                          "least that any allocator takes and gives back grows with the page.");
        advice(findings, "see in `zmalloc list` that the backend starts; measure it here, not on a "
                         "machine with small pages.");
    }
    free(size);
}

void examine_system(struct findings *findings, const struct system_facts *facts)
{
    findings_group(findings, "system", "The system");
    examine_huge_pages(findings, facts);
    examine_overcommit(findings, facts);
    examine_map_count(findings, facts);
    examine_limit(findings, facts);
    examine_address_space(findings, facts);
    examine_pages(findings, facts);
}
