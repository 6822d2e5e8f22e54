/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc list: the backends, what state each is in, and what it can do. */

#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "text.h"
#include "verb.h"

#define SCHEMA 1

static void print_help(FILE *to)
{
    fputs("usage: zmalloc list [--json]\n"
          "\n"
          "Lists every backend that the library knows, and the foreign modules that\n"
          "ZMALLOC_BACKEND names. Each is tried in a process of its own.\n"
          "\n"
          "      --json  for programs: one JSON object\n"
          "  -h, --help  this\n"
          "\n"
          "columns (on a narrow terminal some are below the others):\n"
          "  BACKEND  its name for ZMALLOC_BACKEND and zmalloc_init(); * marks what the\n"
          "           environment chooses\n"
          "  STATE    built in; module: in a separate file, shown below; not built: not in\n"
          "           this build; broken: it does not load or start, and a line below says\n"
          "           why\n"
          "  VERSION  of the allocator; for libc and native of the C library\n"
          "  PREFIX   bytes that the backend adds to each block and counts with it\n"
          "  COUNTED  who counts used memory: the allocator itself, or zmalloc\n"
          "  FIGURES  how many of five figures it reports: bytes allocated, active,\n"
          "           resident, retained, muzzy\n"
          "  PURGE    it can return unused memory to the system when asked\n"
          "  THREAD   it can do so in a background thread\n"
          "  REPORT   it can print a report about itself\n"
          "  CONTROL  it has controls that can be read and set by name\n"
          "  SIZES    it knows how large a block would be before it allocates it\n"
          "\n"
          "keys of --json:\n"
          "  schema, zmalloc       1, and the version of the library\n"
          "  backends              an array of objects:\n"
          "    name, state, why    as above; why is null unless it is not built or broken\n"
          "    version, origin     origin: \"built in\" or the module's path; null, like all\n"
          "                        that follows, if the backend is not usable\n"
          "    prefix_bytes, counts_by_itself\n"
          "    reports             true or false for each of allocated_bytes,\n"
          "                        active_bytes, resident_bytes, retained_bytes,\n"
          "                        muzzy_bytes\n"
          "    abilities           the same for allocator_info, purge, background_thread,\n"
          "                        stats_print, ctl, good_size, thread_idle\n"
          "  default, environment  what a program gets that asks for nothing, without and\n"
          "                        with the variables as they are: backend, by, value, why;\n"
          "                        if no backend can serve it, backend is null and why says\n"
          "                        so\n"
          "\n"
          "examples:\n"
          "  zmalloc list\n"
          "  ZMALLOC_BACKEND=mimalloc,libc zmalloc list    what a program would get\n"
          "  zmalloc list --json | jq -r '.backends[] | select(.version) | .name'\n"
          "\n"
          "exit status:\n"
          "  0  the list was printed, whatever it says\n"
          "  1  it could not be printed\n"
          "  2  bad usage\n",
          to);
}

/* ---- For programs ---- */

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

/* A member of the facts, or null. */
static json_t *fact(const json_t *facts, const char *group, const char *key)
{
    json_t *value = json_object_get(json_object_get(facts, group), key);

    return value != NULL ? json_incref(value) : json_null();
}

static json_t *reports_of(const json_t *facts)
{
    json_t *figures = json_object_get(facts, "allocator");
    json_t *reports = json_object();

    for (void *at = json_object_iter(figures); at != NULL; at = json_object_iter_next(figures, at))
        json_object_set_new(reports, json_object_iter_key(at),
                            json_boolean(!json_is_null(json_object_iter_value(at))));
    return reports;
}

static json_t *abilities_of(const json_t *facts)
{
    return json_incref(json_object_get(facts, "abilities"));
}

static json_t *row_to_json(const struct backend *row)
{
    const json_t *facts = row->facts;

    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", row->name, "state",
                     backend_state_text(row->state), "why", text_or_null(row->why), "version",
                     fact(facts, "backend", "version"), "origin", fact(facts, "backend", "origin"),
                     "prefix_bytes", fact(facts, "backend", "prefix_bytes"), "counts_by_itself",
                     fact(facts, "backend", "counts_by_itself"), "reports",
                     facts != NULL ? reports_of(facts) : json_null(), "abilities",
                     facts != NULL ? abilities_of(facts) : json_null());
}

static json_t *choice_to_json(const struct probe *choice)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "backend", fact(choice->facts, "backend", "name"),
                     "by", fact(choice->facts, "choice", "by"), "value",
                     fact(choice->facts, "choice", "value"), "why", text_or_null(choice->trouble));
}

static json_t *rows_to_json(const struct backends *backends)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < backends->count; i++)
        json_array_append_new(rows, row_to_json(&backends->rows[i]));
    return rows;
}

static int print_json(const struct backends *backends)
{
    json_t *list =
        json_pack("{s:i, s:s, s:o, s:o, s:o}", "schema", SCHEMA, "zmalloc", VERSION, "backends",
                  rows_to_json(backends), "default", choice_to_json(&backends->by_default),
                  "environment", choice_to_json(&backends->by_environment));
    int status = STATUS_FINE;

    if (list == NULL || json_dumpf(list, stdout, JSON_INDENT(2)) != 0)
        status = STATUS_FAILURE;
    putchar('\n');
    json_decref(list);
    return status;
}

/* ---- For people ---- */

#define BELOW 4 /* where lines begin that tell more of a backend */
#define CELL_SIZE 64

struct column {
    const char *title;
    int width; /* below 0: at the right */
    void (*write)(const struct backend *row, const struct column *column, char cell[CELL_SIZE]);
    const char *ability; /* for those of yes or no */
};

/* Some columns of the table, which are side by side. */
struct part {
    size_t first;
    size_t end;
    int name_width;
};

static int count_figures(const json_t *facts)
{
    json_t *figures = json_object_get(facts, "allocator");
    int count = 0;

    for (void *at = json_object_iter(figures); at != NULL; at = json_object_iter_next(figures, at))
        count += !json_is_null(json_object_iter_value(at));
    return count;
}

static bool has_ability(const json_t *facts, const char *ability)
{
    return json_is_true(json_object_get(json_object_get(facts, "abilities"), ability));
}

static void write_state(const struct backend *row, const struct column *column,
                        char cell[CELL_SIZE])
{
    (void)column;
    snprintf(cell, CELL_SIZE, "%s", backend_state_text(row->state));
}

static void write_version(const struct backend *row, const struct column *column,
                          char cell[CELL_SIZE])
{
    const char *version = probe_text(row->facts, "backend", "version");

    (void)column;
    version = version != NULL ? version : "-";
    snprintf(cell, CELL_SIZE, "%.*s", (int)strcspn(version, " ,"), version);
}

static void write_prefix(const struct backend *row, const struct column *column,
                         char cell[CELL_SIZE])
{
    (void)column;
    snprintf(cell, CELL_SIZE, "%lld", probe_number(row->facts, "backend", "prefix_bytes"));
}

static void write_counted(const struct backend *row, const struct column *column,
                          char cell[CELL_SIZE])
{
    const json_t *backend = json_object_get(row->facts, "backend");

    (void)column;
    snprintf(cell, CELL_SIZE, "%s",
             json_is_true(json_object_get(backend, "counts_by_itself")) ? "itself" : "zmalloc");
}

static void write_figures(const struct backend *row, const struct column *column,
                          char cell[CELL_SIZE])
{
    (void)column;
    snprintf(cell, CELL_SIZE, "%d of 5", count_figures(row->facts));
}

static void write_ability(const struct backend *row, const struct column *column,
                          char cell[CELL_SIZE])
{
    snprintf(cell, CELL_SIZE, "%s", has_ability(row->facts, column->ability) ? "yes" : "-");
}

static const struct column columns[] = {
    {"STATE", 9, write_state, NULL},
    {"VERSION", 8, write_version, NULL},
    {"PREFIX", -6, write_prefix, NULL},
    {"COUNTED", 7, write_counted, NULL},
    {"FIGURES", 7, write_figures, NULL},
    {"PURGE", 5, write_ability, "purge"},
    {"THREAD", 6, write_ability, "background_thread"},
    {"REPORT", 6, write_ability, "stats_print"},
    {"CONTROL", 7, write_ability, "ctl"},
    {"SIZES", 5, write_ability, "good_size"},
};

#define COLUMNS (sizeof columns / sizeof *columns)

static int width_of_names(const struct backends *backends)
{
    size_t width = strlen("BACKEND");

    for (size_t i = 0; i < backends->count; i++)
        if (strlen(backends->rows[i].name) > width)
            width = strlen(backends->rows[i].name);
    return (int)width;
}

/* As many as there is room for, but one at least. */
static struct part part_from(size_t first, int name_width)
{
    size_t used = 2 + (size_t)name_width;
    size_t width = text_width(stdout);
    size_t end = first;

    while (end < COLUMNS) {
        used += 2 + (size_t)abs(columns[end].width);
        if (used > width && end > first)
            break;
        end++;
    }
    return (struct part){first, end, name_width};
}

/* What is at the left is padded by what follows it, so that no line ends with blanks. */
static void print_cell(const char *text, int width, bool is_last)
{
    if (width < 0 || is_last)
        printf("  %*s", width < 0 ? -width : 0, text);
    else
        printf("  %-*s", width, text);
}

static void print_titles(const struct part *part)
{
    fputs(style(stdout, STYLE_BOLD), stdout);
    printf("  %-*s", part->name_width, "BACKEND");
    for (size_t i = part->first; i < part->end; i++)
        print_cell(columns[i].title, columns[i].width, i + 1 == part->end);
    printf("%s\n", style(stdout, STYLE_NONE));
}

/* Lines that say why, where the module is, and what did not fit. */
static void print_below(const char *text)
{
    char *harmless = text_harmless(text);

    printf("%*s%s", BELOW, "", style(stdout, STYLE_DIM));
    text_print_wrapped(stdout, BELOW, BELOW, harmless);
    fputs(style(stdout, STYLE_NONE), stdout);
    free(harmless);
}

static void print_origin(const struct backend *row)
{
    const char *version = probe_text(row->facts, "backend", "version");
    const char *origin = probe_text(row->facts, "backend", "origin");

    if (row->why != NULL)
        print_below(row->why);
    if (version != NULL && strpbrk(version, " ,") != NULL)
        print_below(version);
    if (row->state == BACKEND_MODULE && origin != NULL)
        print_below(origin);
}

static enum style style_of(const struct backend *row, bool is_chosen)
{
    if (row->state == BACKEND_BROKEN)
        return STYLE_RED;
    if (row->state == BACKEND_NOT_BUILT)
        return STYLE_DIM;
    return is_chosen ? STYLE_GREEN : STYLE_NONE;
}

/* The state is all there is of a backend that is not usable. */
static void print_row(const struct backend *row, const struct part *part, bool is_chosen)
{
    size_t end = row->facts != NULL ? part->end : part->first + 1;

    fputs(style(stdout, style_of(row, is_chosen)), stdout);
    printf("%c %-*s", is_chosen ? '*' : ' ', part->name_width, row->name);
    for (size_t i = part->first; i < end; i++) {
        char cell[CELL_SIZE];

        columns[i].write(row, &columns[i], cell);
        print_cell(cell, columns[i].width, i + 1 == end);
        if (i == part->first)
            fputs(style(stdout, STYLE_NONE), stdout);
    }
    putchar('\n');
    if (part->first == 0)
        print_origin(row);
}

static void print_choice(const char *whose, const struct probe *choice)
{
    const char *value = probe_text(choice->facts, "choice", "value");
    char *sentence;
    char *harmless;

    if (choice->facts == NULL)
        sentence = text_format("%s nothing can start: %s", whose, choice->trouble);
    else
        sentence =
            text_format("%s %s, by %s=\"%s\"", whose, probe_text(choice->facts, "backend", "name"),
                        probe_text(choice->facts, "choice", "by"), value != NULL ? value : "");
    harmless = text_harmless(sentence);
    text_print_wrapped(stdout, 0, BELOW, harmless);
    free(harmless);
    free(sentence);
}

static void print_part(const struct backends *backends, const struct part *part)
{
    const char *chosen = probe_text(backends->by_environment.facts, "backend", "name");

    chosen = chosen != NULL ? backend_without_layers(chosen) : "";
    print_titles(part);
    for (size_t i = 0; i < backends->count; i++)
        if (part->first == 0 || backends->rows[i].facts != NULL)
            print_row(&backends->rows[i], part, strcmp(backends->rows[i].name, chosen) == 0);
    putchar('\n');
}

/* What does not fit beside the rest stands below it. */
static void print_table(const struct backends *backends)
{
    int width = width_of_names(backends);

    for (size_t first = 0; first < COLUMNS;) {
        struct part part = part_from(first, width);

        print_part(backends, &part);
        first = part.end;
    }
    print_choice("Default:", &backends->by_default);
    print_choice("Environment:", &backends->by_environment);
}

static int list(bool as_json)
{
    struct backends backends = backends_gather();
    int status = STATUS_FINE;

    if (as_json)
        status = print_json(&backends);
    else
        print_table(&backends);
    backends_free(&backends);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct option known[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool as_json = false;
    int option;

    while ((option = getopt_long(argc, argv, "+:h", known, NULL)) != -1) {
        switch (option) {
        case 'j':
            as_json = true;
            break;
        case 'h':
            print_help(stdout);
            return STATUS_FINE;
        default:
            return bad_option(&verb_list, argv, known, option);
        }
    }
    if (argv[optind] != NULL)
        return bad_usage(&verb_list, "it takes no argument, and was given '%s'", argv[optind]);
    return list(as_json);
}

const struct verb verb_list = {
    .name = "list",
    .summary = "the backends: what there is, what they can do, which is chosen",
    .print_help = print_help,
    .run = run,
};
