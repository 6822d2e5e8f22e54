/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc top: what all processes that use zmalloc have, again and again. */

#include "top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../text.h"
#include "../verb.h"

#define DELAY_MS 2000
#define DELAY_LEAST_MS 100
#define DELAY_MOST_MS 3600000

static void print_help(FILE *to)
{
    fputs("usage: zmalloc top [OPTION...] [PID...]\n"
          "\n"
          "Shows the processes that use zmalloc, and how much memory each has, again and\n"
          "again. They are read from outside: they are not stopped and do nothing for it.\n"
          "On a terminal the table stays in place; elsewhere it is printed once. With PID,\n"
          "only these processes.\n"
          "\n"
          "  -d, --delay SECONDS  between two tables, 0.1 to 3600; 2 unless you say\n"
          "                       otherwise\n"
          "  -n, --count N        how many tables; then it ends, and on a terminal the last\n"
          "                       one stays\n"
          "  -s, --sort KEY       by used (unless you say otherwise), peak, limit, rss,\n"
          "                       ratio, pid or command\n"
          "  -z, --zones          with a line for each zone of a process\n"
          "      --json           for programs: each table is a JSON object in a line\n"
          "  -h, --help           this\n"
          "\n"
          "columns:\n"
          "  USED   in use, as zmalloc counts; PEAK the most that it has seen\n"
          "  LIMIT  the hard limit, from ZMALLOC_LIMIT or the program\n"
          "  RSS    resident set size; RSS/U that over USED\n"
          "  ZONES  how many zones the program has\n"
          "\n"
          "keys: u p l r o i c  sort by used, peak, limit, rss, ratio, id, command\n"
          "      z              with zones or without\n"
          "      q              ends it, as Ctrl-C does\n"
          "\n"
          "keys of --json:\n"
          "  schema, time          1, and the seconds since 1970\n"
          "  processes             an array of objects: pid, command, file (what zmalloc is\n"
          "                        in) and statistics (as zmalloc_stats_json() writes them)\n"
          "  not_shown, why        how many processes could not be read, and why\n"
          "\n"
          "Without root it shows your own processes. Some systems (Ubuntu) let only root read\n"
          "any, which the setting kernel.yama.ptrace_scope decides.\n"
          "\n"
          "examples:\n"
          "  zmalloc top\n"
          "  zmalloc top --json -n 1 | jq '.processes[].statistics.memory.used_bytes'\n"
          "  zmalloc top -z $(pidof redis-server)\n"
          "\n"
          "exit status:\n"
          "  0  it was shown\n"
          "  1  it could not be written\n"
          "  2  bad usage\n",
          to);
}

struct top_options {
    int delay_ms;
    unsigned long count; /* 0: without end */
    bool has_count;
    bool as_json;
    struct top_view view;
    pid_t *pids; /* end with 0 */
};

/* ---- Options ---- */

static bool read_delay(const char *text, int *delay_ms)
{
    char *end;
    double seconds;

    if (*text < '0' || *text > '9')
        return false;
    seconds = strtod(text, &end);
    if (*end != '\0' || !(seconds * 1000 >= DELAY_LEAST_MS && seconds * 1000 <= DELAY_MOST_MS))
        return false;
    *delay_ms = (int)(seconds * 1000);
    return true;
}

static bool read_count(const char *text, unsigned long *count)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *count = strtoul(text, &end, 10);
    return *end == '\0' && errno == 0 && *count > 0;
}

static bool read_key(const char *text, enum top_key *key)
{
    for (int i = 0; i < KEYS; i++)
        if (strcmp(top_key_names[i], text) == 0) {
            *key = (enum top_key)i;
            return true;
        }
    return false;
}

static int bad_key(char **argv, const char *text)
{
    const char *meant = nearest(text, top_key_names);

    return bad_usage(&verb_top,
                     TYPED "%s: the key is used, peak, limit, rss, ratio, pid or command%s%s%s",
                     AS_TYPED(typed_option(argv)), text, meant != NULL ? "; did you mean '" : "",
                     meant != NULL ? meant : "", meant != NULL ? "'?" : "");
}

/* Returns STATUS_FINE if the option is well. */
static int read_option(struct top_options *options, char **argv, int option)
{
    switch (option) {
    case 'd':
        if (!read_delay(optarg, &options->delay_ms))
            return bad_usage(&verb_top, TYPED "%s: it is 0.1 to 3600 seconds",
                             AS_TYPED(typed_option(argv)), optarg);
        break;
    case 'n':
        if (!read_count(optarg, &options->count))
            return bad_usage(&verb_top, TYPED "%s: it is a number from 1 on",
                             AS_TYPED(typed_option(argv)), optarg);
        options->has_count = true;
        break;
    case 's':
        if (!read_key(optarg, &options->view.key))
            return bad_key(argv, optarg);
        break;
    case 'z':
        options->view.has_zones = true;
        break;
    case 'j':
        options->as_json = true;
        break;
    }
    return STATUS_FINE;
}

static int read_pids(struct top_options *options, char **arguments)
{
    size_t count = 0;

    while (arguments[count] != NULL)
        count++;
    options->pids = allocate(count + 1, sizeof *options->pids);
    for (size_t i = 0; i < count; i++) {
        options->pids[i] = process_id(arguments[i]);
        if (options->pids[i] == 0)
            return bad_usage(&verb_top, "'%s' is not the id of a process: a number from 1 on",
                             arguments[i]);
    }
    return STATUS_FINE;
}

/* ---- Showing it ---- */

static struct top_rows gather(const struct top_options *options)
{
    struct top_rows rows = top_gather(options->pids);

    top_sort(&rows, options->view.key);
    return rows;
}

static char *table_text(const struct top_options *options)
{
    struct top_rows rows = gather(options);
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        abort();
    top_print_table(to, &rows, &options->view);
    fclose(to);
    top_rows_free(&rows);
    return text;
}

static void obey(struct top_options *options, int key)
{
    static const char keys[KEYS + 1] = "uplroic";
    const char *at = key != SCREEN_TIME ? strchr(keys, key) : NULL;

    if (at != NULL)
        options->view.key = (enum top_key)(at - keys);
    else if (key == 'z')
        options->view.has_zones = !options->view.has_zones;
}

/* The last of so many tables stays there when the screen from before comes back. */
static int show_on_screen(struct top_options *options)
{
    int key = SCREEN_TIME;
    bool is_last = false;
    char *text = NULL;

    options->view.has_colour = use_colour(stdout);
    screen_begin();
    for (unsigned long shown = 1; key != SCREEN_QUIT && key != 'q' && !is_last; shown++) {
        free(text);
        options->view.columns = terminal_columns(stdout);
        text = table_text(options);
        screen_show(text);
        is_last = shown == options->count;
        key = is_last ? SCREEN_TIME : screen_wait(options->delay_ms);
        obey(options, key);
    }
    screen_end();
    if (is_last)
        fputs(text, stdout);
    free(text);
    return STATUS_FINE;
}

static bool print_once(const struct top_options *options)
{
    struct top_rows rows = gather(options);
    bool is_written;

    if (options->as_json) {
        is_written = top_print_json(stdout, &rows);
    } else {
        top_print_table(stdout, &rows, &options->view);
        is_written = fflush(stdout) == 0;
    }
    top_rows_free(&rows);
    return is_written;
}

static int print_tables(const struct top_options *options)
{
    const struct timespec delay = {options->delay_ms / 1000, options->delay_ms % 1000 * 1000000L};

    for (unsigned long printed = 0; options->count == 0 || printed < options->count; printed++) {
        if (printed > 0)
            nanosleep(&delay, NULL);
        if (!print_once(options))
            return STATUS_FAILURE;
    }
    return STATUS_FINE;
}

static int show(struct top_options *options)
{
    if (is_terminal(stdout) && !options->as_json)
        return show_on_screen(options);
    if (!options->has_count && !options->as_json)
        options->count = 1;
    return print_tables(options);
}

static int run(int argc, char **argv)
{
    static const struct option known[] = {
        {"delay", required_argument, NULL, 'd'},
        {"count", required_argument, NULL, 'n'},
        {"sort", required_argument, NULL, 's'},
        {"zones", no_argument, NULL, 'z'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct top_options options = {.delay_ms = DELAY_MS, .view = {.columns = 10000}};
    int status = STATUS_FINE;
    int option;

    while (status == STATUS_FINE &&
           (option = getopt_long(argc, argv, "+:d:n:s:zh", known, NULL)) != -1) {
        if (option == 'h') {
            print_help(stdout);
            return STATUS_FINE;
        }
        if (option == '?' || option == ':')
            return bad_option(&verb_top, argv, known, option);
        status = read_option(&options, argv, option);
    }
    if (status == STATUS_FINE)
        status = read_pids(&options, argv + optind);
    if (status == STATUS_FINE)
        status = show(&options);
    free(options.pids);
    return status;
}

const struct verb verb_top = {
    .name = "top",
    .summary = "shows all processes that use zmalloc, again and again",
    .print_help = print_help,
    .run = run,
};
