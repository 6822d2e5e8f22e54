/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc run: sets the environment and becomes the program. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends.h"
#include "preloading.h"
#include "program.h"
#include "stats/report_request.h"
#include "verb.h"

enum { STATS = 256, PRELOAD }; /* no letter */

struct run_options {
    const char *backend; /* NULL: what the environment says */
    struct typed backend_typed;
    const char *stats; /* NULL: the same */
    struct typed stats_typed;
    enum preload_wish preload;
    bool is_quiet;
};

static void print_help(FILE *to)
{
    fputs("usage: zmalloc run [-q] [-b SPEC] [--stats [signal:NAME,]FORM[:FILE]]\n"
          "                   [--preload auto|always|never] [--] PROGRAM [ARGUMENT...]\n"
          "\n"
          "Executes PROGRAM with the backend SPEC, in its own process: the exit status and\n"
          "the effect of signals are PROGRAM's. If PROGRAM knows nothing of zmalloc,\n"
          "zmalloc becomes its malloc, and that of what it starts.\n"
          "\n"
          "  -b, --backend SPEC        a backend, or a list from which PROGRAM takes the\n"
          "                            first that can start, each with layers if you like;\n"
          "                            sets ZMALLOC_BACKEND. If every backend of SPEC is\n"
          "                            unknown, PROGRAM is not run. If none of the known\n"
          "                            ones can start, PROGRAM says so and ends with 78\n"
          "      --stats [signal:NAME,]FORM[:FILE]\n"
          "                            report PROGRAM's memory when it ends, as text, json\n"
          "                            or prometheus, on stderr or at the end of FILE; with\n"
          "                            signal:NAME also whenever that signal comes, such as\n"
          "                            USR1; sets ZMALLOC_STATS\n"
          "      --preload WHEN        when libzmalloc-preload.so is preloaded: auto (if\n"
          "                            PROGRAM does not use zmalloc by itself; so it is\n"
          "                            without this option), always, or never\n"
          "  -q, --quiet               do not warn that zmalloc cannot serve PROGRAM, or\n"
          "                            that a part of SPEC is unknown and ignored\n"
          "  -h, --help                this\n"
          "\n"
          "Without an option, the variable keeps its value. zmalloc run looks at PROGRAM's\n"
          "file and its libraries to see whether it uses zmalloc.\n"
          "\n"
          "examples:\n"
          "  zmalloc run -b jemalloc -- ./server --port 7000\n"
          "  zmalloc run -b mimalloc --stats text -- python3 script.py\n"
          "  zmalloc run -b mimalloc,libc ./server    mimalloc, or libc without it\n"
          "  zmalloc run -b debug+jemalloc ./server   with the layer that finds misuse\n"
          "  zmalloc run --stats text ./server        a report on stderr\n"
          "  zmalloc run --stats json:/tmp/memory ./server\n"
          "                                           a record at the end of /tmp/memory\n"
          "  zmalloc run --stats signal:USR1 ./server   also at kill -USR1\n"
          "\n"
          "exit status: PROGRAM's, or\n"
          "  2    bad usage, for example an unknown backend\n"
          "  126  PROGRAM cannot be executed\n"
          "  127  PROGRAM is not found\n",
          to);
}

/* ---- The report ---- */

/* The library only warns of a wrong value, and a program without the library does not even that. */
static int check_stats(const struct run_options *options)
{
    const char *stats = options->stats != NULL ? options->stats : "text";
    struct zm_report_request request;
    const char *meant;
    const char *why = zm_report_read(stats, &request, &meant);

    if (why == NULL)
        return STATUS_FINE;
    return bad_usage(&verb_run, TYPED "%s: %s%s%s%s", AS_TYPED(options->stats_typed), stats, why,
                     meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                     meant != NULL ? "'?" : "");
}

/* ---- The backend ---- */

/* NULL where the element is known; else why it is not, for the caller to free. */
static char *why_unknown(const char *element)
{
    char *trouble = is_known_backend(element) ? NULL : trouble_with_backend(element);

    if (trouble != NULL && !is_unknown(trouble)) {
        free(trouble);
        trouble = NULL;
    }
    return trouble;
}

/* The list goes on after an unknown one, and that is worth a line. */
static void tell_of_unknown(const struct run_options *options, const struct names *names,
                            char *const *whys)
{
    for (size_t i = 0; i < names->count; i++)
        if (whys[i] != NULL)
            complain(&verb_run, TYPED "%s: passed over: %s", AS_TYPED(options->backend_typed),
                     names->of[i], whys[i]);
}

static int check_names(const struct run_options *options, const struct names *names)
{
    char **whys = allocate(names->count + 1, sizeof *whys);
    int status = STATUS_FINE;
    size_t unknown = 0;

    for (size_t i = 0; i < names->count; i++) {
        whys[i] = why_unknown(names->of[i]);
        unknown += whys[i] != NULL;
    }
    if (unknown > 0 && unknown == names->count)
        status = bad_usage(&verb_run, TYPED "%s: %s", AS_TYPED(options->backend_typed),
                           names->of[0], whys[0]);
    else if (!options->is_quiet)
        tell_of_unknown(options, names, whys);
    for (size_t i = 0; i < names->count; i++)
        free(whys[i]);
    free(whys);
    return status;
}

static int check_backend(const struct run_options *options)
{
    struct names names;
    int status;

    if (options->backend == NULL)
        return STATUS_FINE;
    names = listed_backends(options->backend);
    status = check_names(options, &names);
    free_names(&names);
    return status;
}

/* ---- The program ---- */

static void set_variable(const char *name, const char *value)
{
    if (value != NULL && setenv(name, value, 1) != 0) {
        complain(&verb_run, "%s: %s", name, strerror(errno));
        exit(STATUS_FAILURE);
    }
}

static void preload(const struct run_options *options, const char *program)
{
    char *path = path_find(program);
    struct preloading preloading = preload_decide(path, options->preload);
    char *variable = preloading.library != NULL ? preload_variable(preloading.library) : NULL;

    if (preloading.why_not != NULL && !options->is_quiet)
        complain(&verb_run, "zmalloc cannot serve %s: %s (-q hides this)", program,
                 preloading.why_not);
    set_variable("LD_PRELOAD", variable);
    free(variable);
    free_preloading(&preloading);
    free(path);
}

static int become(const struct run_options *options, char **program)
{
    preload(options, *program);
    set_variable("ZMALLOC_BACKEND", options->backend);
    set_variable("ZMALLOC_STATS", options->stats);
    execvp(*program, program);
    return cannot_execute(&verb_run, *program, errno);
}

/* ---- What was asked for ---- */

/* STATUS_FINE, or what to end with, after a message. */
static int take(struct run_options *options, int option, char **argv)
{
    struct typed typed = option != 'q' ? typed_option(argv) : (struct typed){0};

    if (option == 'b') {
        options->backend = optarg;
        options->backend_typed = typed;
    } else if (option == STATS) {
        options->stats = optarg;
        options->stats_typed = typed;
    } else if (option == 'q') {
        options->is_quiet = true;
    } else {
        return read_preload_wish(&verb_run, typed, &options->preload);
    }
    return STATUS_FINE;
}

static int run(int argc, char **argv)
{
    static const struct option known[] = {
        {"backend", required_argument, NULL, 'b'},
        {"stats", required_argument, NULL, STATS},
        {"preload", required_argument, NULL, PRELOAD},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct run_options options = {0};
    int option;

    while ((option = getopt_long(argc, argv, "+:b:qh", known, NULL)) != -1) {
        if (option == 'h') {
            print_help(stdout);
            return STATUS_FINE;
        }
        if (option == '?' || option == ':')
            return bad_option(&verb_run, argv, known, option);
        if (take(&options, option, argv) != STATUS_FINE)
            return STATUS_USAGE;
    }
    if (check_stats(&options) != STATUS_FINE)
        return STATUS_USAGE;
    if (argv[optind] == NULL)
        return bad_usage(&verb_run, "no PROGRAM to run");
    if (check_backend(&options) != STATUS_FINE)
        return STATUS_USAGE;
    return become(&options, argv + optind);
}

const struct verb verb_run = {
    .name = "run",
    .summary = "run a program with a backend",
    .print_help = print_help,
    .run = run,
};
