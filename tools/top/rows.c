/* SPDX-License-Identifier: BSD-3-Clause */

/* The processes that use zmalloc, each copy in a row. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../text.h"
#include "../verb.h"
#include "top.h"

const char *const top_key_names[KEYS + 1] = {"used",  "peak", "limit",   "rss",
                                             "ratio", "pid",  "command", NULL};

/* ---- Gathering ---- */

static void add_row(struct top_rows *rows, const struct copy *copy, struct picture *picture)
{
    const uint64_t *figures = picture->stats.figures;
    struct top_row *row;

    rows->row = realloc(rows->row, (rows->count + 1) * sizeof *rows->row);
    if (rows->row == NULL)
        abort();
    row = &rows->row[rows->count++];
    *row = (struct top_row){
        .pid = picture->stats.pid,
        .file = text_format("%s", copy->file),
        .picture = picture,
    };
    if (figures[ZM_USED] > 0)
        row->ratio = (double)figures[ZM_RSS] / (double)figures[ZM_USED];
}

/* It is the user's, or was named: so that it is missing has to be said. */
static void miss(struct top_rows *rows, char *trouble)
{
    rows->uncounted++;
    free(rows->trouble);
    rows->trouble = trouble;
}

static void add_copies(struct top_rows *rows, const struct copies *copies)
{
    for (size_t i = 0; i < copies->count; i++) {
        char *trouble = copy_trouble(&copies->copy[i]);
        struct picture *picture;
        int error;

        if (trouble != NULL) {
            miss(rows, trouble);
            continue;
        }
        picture = picture_take(copies->pid, &copies->copy[i], &error);
        if (picture != NULL)
            add_row(rows, &copies->copy[i], picture);
    }
}

static void add_process(struct top_rows *rows, pid_t pid, bool is_named)
{
    struct process_facts facts;
    struct copies copies;
    int error;

    if (pid == getpid() || !process_facts(pid, &facts))
        return;
    error = copies_find(pid, &copies);
    if (error == 0) {
        add_copies(rows, &copies);
        copies_free(&copies);
    } else if ((error == EPERM || error == EACCES || error == ENOSYS) &&
               (is_named || facts.user == geteuid())) {
        miss(rows, process_trouble(pid, error));
    }
}

static void add_all(struct top_rows *rows)
{
    DIR *proc = opendir("/proc");
    const struct dirent *found;

    if (proc == NULL) {
        miss(rows, text_format("/proc cannot be read: %s", strerror(errno)));
        return;
    }
    while ((found = readdir(proc)) != NULL)
        if (process_id(found->d_name) != 0)
            add_process(rows, process_id(found->d_name), false);
    closedir(proc);
}

struct top_rows top_gather(const pid_t *pids)
{
    struct top_rows rows = {0};

    if (*pids == 0)
        add_all(&rows);
    for (; *pids != 0; pids++)
        add_process(&rows, *pids, true);
    return rows;
}

void top_rows_free(struct top_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->row[i].file);
        picture_free(rows->row[i].picture);
    }
    free(rows->row);
    free(rows->trouble);
    *rows = (struct top_rows){0};
}

/* ---- Sorting: the largest first, names and ids from the smallest ---- */

static enum top_key sort_key;

static int compare_figures(const struct top_row *a, const struct top_row *b,
                           enum zm_figure_id figure)
{
    uint64_t one = a->picture->stats.figures[figure];
    uint64_t other = b->picture->stats.figures[figure];

    /* What is unknown comes last. */
    one = one != ZM_UNKNOWN_FIGURE ? one : 0;
    other = other != ZM_UNKNOWN_FIGURE ? other : 0;
    return (one < other) - (one > other);
}

static int compare_key(const struct top_row *a, const struct top_row *b)
{
    switch (sort_key) {
    case KEY_USED:
        return compare_figures(a, b, ZM_USED);
    case KEY_PEAK:
        return compare_figures(a, b, ZM_PEAK);
    case KEY_LIMIT:
        return compare_figures(a, b, ZM_HARD_LIMIT);
    case KEY_RSS:
        return compare_figures(a, b, ZM_RSS);
    case KEY_RATIO:
        return (a->ratio < b->ratio) - (a->ratio > b->ratio);
    case KEY_COMMAND:
        return strcmp(a->picture->facts.name, b->picture->facts.name);
    default:
        return 0;
    }
}

static int compare_rows(const void *a, const void *b)
{
    const struct top_row *one = a;
    const struct top_row *other = b;
    int order = compare_key(one, other);

    if (order == 0)
        order = (one->pid > other->pid) - (one->pid < other->pid);
    return order != 0 ? order : strcmp(one->file, other->file);
}

void top_sort(struct top_rows *rows, enum top_key key)
{
    sort_key = key;
    if (rows->count > 1)
        qsort(rows->row, rows->count, sizeof *rows->row, compare_rows);
}
