/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc list: the backends, what state each is in, and what it can do. */

#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "terminal.h"
#include "text.h"
#include "verb.h"

#define SCHEMA 1

static void print_help(FILE *to)
{
    fputs(
        "usage: zmalloc list [--json]\n"
        "\n"
        "Lists every backend that the library knows, and the foreign modules that ZMALLOC_BACKEND\n"
        "names. Each is tried in a process of its own.\n"
        "\n"
        "      --json  for programs: one JSON object\n"
        "  -h, --help  this\n"
        "\n"
        "columns:\n"
        "  BACKEND  its name for ZMALLOC_BACKEND and zmalloc_init(); * is what the environment\n"
        "           chooses\n"
        "  STATE    built in; module: in a file of its own, which stands below; not built: this\n"
        "           build has none; broken: it cannot be had. Why stands below\n"
        "  VERSION  of the allocator; for libc and native of the C library\n"
        "  PREFIX   bytes of each block's own that are counted with it\n"
        "  COUNTED  who counts what is used: the allocator by itself, or zmalloc\n"
        "  FIGURES  how many of five the allocator reports: bytes allocated, active, resident,\n"
        "           retained, muzzy\n"
        "  PURGE    it can give unused memory back when asked to\n"
        "  THREAD   it can do so in a thread of its own\n"
        "  REPORT   it can describe its state in its own words\n"
        "  CONTROL  it has controls that can be read and set by name\n"
        "  SIZES    it can tell how large a block would be\n"
        "\n"
        "keys of --json:\n"
        "  schema, zmalloc            1, and the version of the library\n"
        "  backends                   an array of objects:\n"
        "    name, state, why         as above; why is null unless it is not built or broken\n"
        "    version, origin          origin: \"built in\" or the module's path; null, as all "
        "that\n"
        "                             follows, where the backend cannot be had\n"
        "    prefix_bytes, counts_by_itself\n"
        "    reports                  true or false for each of allocated_bytes, active_bytes,\n"
        "                             resident_bytes, retained_bytes, muzzy_bytes\n"
        "    abilities                the same for allocator_info, purge, background_thread,\n"
        "                             stats_print, ctl, good_size\n"
        "  default, environment       what serves a program that asks for nothing, without and "
        "with\n"
        "                             the variables as they are: backend, by, value, why; backend\n"
        "                             is null where none can, and then why says so\n"
        "\n"
        "examples:\n"
        "  zmalloc list\n"
        "  ZMALLOC_BACKEND=mimalloc,libc zmalloc list    what a program would get\n"
        "  zmalloc list --json | jq -r '.backends[] | select(.version) | .name'\n"
        "\n"
        "exit status:\n"
        "  0  the list was printed, whatever it says\n"
        "  1  it could not be\n"
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

#define STATE_WIDTH 9
#define BELOW 4 /* where lines begin that tell more of a backend */

struct column {
    const char *title;
    int width;
    const char *ability; /* for those of yes or no */
};

static const struct column columns[] = {
    {"PURGE", 5, "purge"}, {"THREAD", 6, "background_thread"}, {"REPORT", 6, "stats_print"},
    {"CONTROL", 7, "ctl"}, {"SIZES", 5, "good_size"},
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

static void print_titles(int width)
{
    fputs(style(stdout, STYLE_BOLD), stdout);
    printf("  %-*s  %-*s  %-8s  %6s  %-7s  %-7s", width, "BACKEND", STATE_WIDTH, "STATE", "VERSION",
           "PREFIX", "COUNTED", "FIGURES");
    for (size_t i = 0; i < COLUMNS; i++)
        printf("  %s", columns[i].title);
    printf("%s\n", style(stdout, STYLE_NONE));
}

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

static void print_abilities(const json_t *facts)
{
    bool itself =
        json_is_true(json_object_get(json_object_get(facts, "backend"), "counts_by_itself"));

    printf("  %6lld  %-7s  %d of 5 ", probe_number(facts, "backend", "prefix_bytes"),
           itself ? "itself" : "zmalloc", count_figures(facts));
    for (size_t i = 0; i < COLUMNS; i++) {
        bool last = i + 1 == COLUMNS;

        printf("  %-*s", last ? 0 : columns[i].width,
               has_ability(facts, columns[i].ability) ? "yes" : "-");
    }
}

/* Lines that say why, where the module is, and what did not fit. */
static void print_below(const char *text)
{
    char *harmless = text_harmless(text);

    printf("%*s%s", BELOW, "", style(stdout, STYLE_DIM));
    text_print_wrapped(stdout, BELOW, harmless);
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

static void print_row(const struct backend *row, int width, bool is_chosen)
{
    const char *version = probe_text(row->facts, "backend", "version");

    fputs(style(stdout, style_of(row, is_chosen)), stdout);
    printf("%c %-*s  %-*s", is_chosen ? '*' : ' ', width, row->name,
           row->facts != NULL ? STATE_WIDTH : 0, backend_state_text(row->state));
    fputs(style(stdout, STYLE_NONE), stdout);
    if (row->facts != NULL) {
        if (version == NULL)
            version = "-";
        printf("  %-8.*s", (int)strcspn(version, " ,"), version);
        print_abilities(row->facts);
    }
    putchar('\n');
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
    text_print_wrapped(stdout, BELOW, harmless);
    free(harmless);
    free(sentence);
}

static void print_table(const struct backends *backends)
{
    const char *chosen = probe_text(backends->by_environment.facts, "backend", "name");
    int width = width_of_names(backends);

    chosen = chosen != NULL ? backend_without_layers(chosen) : "";
    print_titles(width);
    for (size_t i = 0; i < backends->count; i++)
        print_row(&backends->rows[i], width, strcmp(backends->rows[i].name, chosen) == 0);
    putchar('\n');
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
    .summary = "the backends: which there are, what they can do, which is chosen",
    .print_help = print_help,
    .run = run,
};
