/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc run: sets the environment and becomes the program. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verb.h"

static const char *const forms[] = {"text", "json", "prometheus", NULL};

enum { STATS = 256 }; /* no letter */

struct run_options {
    const char *backend; /* NULL: what the environment says */
    const char *stats;   /* NULL: the same */
};

static void print_help(FILE *to)
{
    fputs(
        "usage: zmalloc run [-b SPEC] [--stats FORM[:FILE]] [--] PROGRAM [ARGUMENT...]\n"
        "\n"
        "Becomes PROGRAM, with the backend SPEC. Its exit status, and what signals do, are "
        "PROGRAM's.\n"
        "\n"
        "  -b, --backend SPEC        a backend, a list of which the first that can start is "
        "taken,\n"
        "                            each with layers over it if wanted; that is ZMALLOC_BACKEND.\n"
        "                            PROGRAM itself says what is wrong with SPEC, and ends with "
        "78\n"
        "      --stats FORM[:FILE]   a report of its memory when it ends, as text, json or\n"
        "                            prometheus, on stderr or at the end of FILE; that is\n"
        "                            ZMALLOC_STATS\n"
        "  -h, --help                this\n"
        "\n"
        "What is not said stays as the environment has it.\n"
        "\n"
        "examples:\n"
        "  zmalloc run -b jemalloc -- ./server --port 7000\n"
        "  zmalloc run -b mimalloc,libc ./server          mimalloc, or libc where it is missing\n"
        "  zmalloc run -b debug+jemalloc ./server         with the layer that finds misuse\n"
        "  zmalloc run --stats text ./server              a report on stderr\n"
        "  zmalloc run --stats json:/tmp/memory ./server  a record at the end of /tmp/memory\n"
        "\n"
        "exit status: PROGRAM's, or\n"
        "  2    bad usage\n"
        "  126  PROGRAM cannot be executed\n"
        "  127  PROGRAM is not found\n",
        to);
}

static int bad_form(const char *given)
{
    const char *meant = nearest(given, forms);

    return bad_usage(&verb_run, "--stats %s: the form is text, json or prometheus%s%s%s", given,
                     meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                     meant != NULL ? "'?" : "");
}

/* The library only warns of a wrong form, and a program without the library does not even that. */
static int check_form(const char *stats)
{
    for (const char *const *form = forms; *form != NULL; form++) {
        size_t length = strlen(*form);

        if (strncmp(stats, *form, length) != 0)
            continue;
        if (stats[length] == '\0' || (stats[length] == ':' && stats[length + 1] != '\0'))
            return STATUS_FINE;
        if (stats[length] == ':')
            return bad_usage(&verb_run, "--stats %s: it names no file after the colon", stats);
    }
    return bad_form(stats);
}

static void set_variable(const char *name, const char *value)
{
    if (value != NULL && setenv(name, value, 1) != 0) {
        complain(&verb_run, "%s: %s", name, strerror(errno));
        exit(STATUS_FAILURE);
    }
}

static int become(const struct run_options *options, char **program)
{
    set_variable("ZMALLOC_BACKEND", options->backend);
    set_variable("ZMALLOC_STATS", options->stats);
    execvp(*program, program);
    return cannot_execute(&verb_run, *program, errno);
}

static int run(int argc, char **argv)
{
    static const struct option known[] = {
        {"backend", required_argument, NULL, 'b'},
        {"stats", required_argument, NULL, STATS},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct run_options options = {0};
    int option;

    while ((option = getopt_long(argc, argv, "+:b:h", known, NULL)) != -1) {
        switch (option) {
        case 'b':
            options.backend = optarg;
            break;
        case STATS:
            options.stats = optarg;
            break;
        case 'h':
            print_help(stdout);
            return STATUS_FINE;
        default:
            return bad_option(&verb_run, argv, known, option);
        }
    }
    if (options.stats != NULL && check_form(options.stats) != STATUS_FINE)
        return STATUS_USAGE;
    if (argv[optind] == NULL)
        return bad_usage(&verb_run, "no PROGRAM to run");
    return become(&options, argv + optind);
}

const struct verb verb_run = {
    .name = "run",
    .summary = "run a program with a backend",
    .print_help = print_help,
    .run = run,
};
