/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "../process/process.h"

/* zmalloc top: all processes that use zmalloc, again and again. */

enum top_key { KEY_USED, KEY_PEAK, KEY_LIMIT, KEY_RSS, KEY_RATIO, KEY_PID, KEY_COMMAND, KEYS };

extern const char *const top_key_names[KEYS + 1]; /* ends with NULL */

/* ---- rows.c ---- */

struct top_row {
    pid_t pid;
    char *file; /* what the copy of zmalloc is in */
    struct picture *picture;
    double ratio; /* of the resident set to what is in use; 0 if nothing is */
};

struct top_rows {
    struct top_row *row;
    size_t count;
    size_t uncounted; /* processes of the user that could not be read */
    char *trouble;    /* why, for one of them */
};

/* All processes that may be read, or those that are named; they end with 0. */
struct top_rows top_gather(const pid_t *pids);
void top_sort(struct top_rows *rows, enum top_key key);
void top_rows_free(struct top_rows *rows);

/* ---- table.c ---- */

struct top_view {
    enum top_key key;
    bool has_zones;
    size_t columns; /* of the terminal; a very large number if the output goes elsewhere */
    bool has_colour;
};

void top_print_table(FILE *to, const struct top_rows *rows, const struct top_view *view);

/* One object in a line. Returns false if it cannot be written. */
bool top_print_json(FILE *to, const struct top_rows *rows);

/* ---- screen.c: redraws a table in place on a terminal ---- */

void screen_begin(void);
void screen_end(void);

/* Shows as many lines of the text as there is room for. */
void screen_show(const char *text);

enum { SCREEN_TIME = 0, SCREEN_QUIT = -1 };

/* Waits for a key and returns it, or SCREEN_TIME when so many milliseconds are over, or the terminal
 * has another size; SCREEN_QUIT if somebody wants it to end. */
int screen_wait(int milliseconds);

#endif
