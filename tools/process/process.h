/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PROCESS_H
#define TOOLS_PROCESS_H

/* The figures of other processes that use zmalloc, read from outside, without stopping them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../src/stats/stats.h"
#include "../../src/window.h"

/* ---- memory.c: the memory of a process, and what /proc says of it ---- */

/* Each returns 0 or an errno value. */
int process_read(pid_t pid, uint64_t address, void *to, size_t size);
int process_read_text(pid_t pid, uint64_t address, char *to, size_t size); /* cut to size */

struct mapping {
    uint64_t begin;
    uint64_t end;
    bool is_writable;
    bool is_private;
    const char *file; /* "" if there is no file */
};

/*
 * Calls the function for each mapping until it returns false. Returns 0, or an errno value if the
 * process has no mappings to be seen.
 */
int process_visit_mappings(pid_t pid,
                           bool (*function)(const struct mapping *mapping, void *argument),
                           void *argument);

struct process_facts {
    bool has_ended; /* and waits for its parent to look */
    char name[64];
    uid_t user;
    uint64_t rss;
    uint64_t minor_faults;
    uint64_t major_faults;
};

/* Reads a process id; returns 0 if the text is not one. */
pid_t process_id(const char *text);

/* False if there is no such process. */
bool process_facts(pid_t pid, struct process_facts *facts);

/* ---- window.c: the copies of zmalloc in a process ---- */

/* A program may have the library, and a plug-in of it a copy of its own. */
#define COPIES_MAX 8

struct copy {
    char *file;              /* what it is in */
    struct zm_window window; /* entries that the library does not have are 0 */
};

/* More than any version has. */
#define STRUCTURE_SIZE_MAX 4096
#define ZONES_MAX 1024
#define ZONE_TEXT_SIZE 128

struct copies {
    pid_t pid;
    size_t count;
    struct copy copy[COPIES_MAX];
};

/* Those that are used, or all if the process uses no copy. Returns 0, or an errno value if the process
 * cannot be read. */
int copies_find(pid_t pid, struct copies *copies);
void copies_free(struct copies *copies);

/* Returns 0 while the process has it, ESTALE if it has another program by now, or an errno value. */
int copy_check(pid_t pid, const struct copy *copy);

/* NULL if the copy can be read; otherwise why not, for the caller to free. */
char *copy_trouble(const struct copy *copy);

/* ---- counters.c: what is in use ---- */

struct zone_counts {
    size_t allocated;
    size_t freed;
};

/* Each returns 0, or an errno value: the process may have ended meanwhile. */
int counters_used(pid_t pid, const struct zm_window *window, uint64_t *used);
int counters_threads(pid_t pid, const struct zm_window *window, uint64_t *threads);
/* used[N] becomes what is in use in the zone with the number N, without those below it. */
int counters_zones(pid_t pid, const struct zm_window *window, size_t *used, size_t count);

/* ---- picture.c: all of it, as the library itself would show it ---- */

struct zone_row {
    struct zm_zone_figures figures;
    char name[ZONE_TEXT_SIZE];
    uint64_t age;
    int depth; /* how many zones it is in, one within the other */
};

/* Its parts point to each other: it is not copied. */
struct picture {
    struct zm_stats stats;
    struct zm_choice choice;
    char version[ZM_WINDOW_VERSION_SIZE + 1];
    char backend[256];
    char backend_version[256];
    char origin[4096];
    char chosen_by[64];
    struct zone_row *zones; /* in the order in which they were created */
    size_t zone_count;
    struct process_facts facts;
};

/* NULL with an errno value in *error; EAGAIN: no backend has been chosen yet. */
struct picture *picture_take(pid_t pid, const struct copy *copy, int *error);
void picture_free(struct picture *picture);

/* The picture in one of the library's forms, and with the one figure that takes long to read. The caller
 * frees the text. */
char *picture_text(struct picture *picture,
                   void (*form)(struct zm_writer *writer, const struct zm_stats *stats));

/* Why the process cannot be read, and what to do. The caller frees it. */
char *process_trouble(pid_t pid, int error);

#endif
