/* SPDX-License-Identifier: BSD-3-Clause */

/* What zmalloc profile is asked for, and its help. */

#include "profile/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "verb.h"

#define ROWS 20
#define ROWS_MAX 1000000
#define INTERVAL "512k"

enum { LIVE = 256, TOTAL, FLAME, FOLDED, PRELOAD };

void print_profile_help(FILE *to)
{
    fputs("usage: zmalloc profile [--live|--total] [-n ROWS] [-o FILE.pb.gz] [--flame FILE.svg]\n"
          "                       [--folded FILE] FILE [LATER]\n"
          "       zmalloc profile [the same] [-i BYTES] [-b SPEC] [--preload WHEN]\n"
          "                       -- PROGRAM [ARGUMENT...]\n"
          "\n"
          "Shows who holds the memory, by function: of a heap profile FILE that a program has\n"
          "written (ZMALLOC_SAMPLE), of what was added between two of one program, or of\n"
          "PROGRAM at its end, which is run for it. If PROGRAM knows nothing of zmalloc,\n"
          "zmalloc becomes its malloc.\n"
          "\n"
          "      --live            what is in use; so it is without this option\n"
          "      --total           what was ever allocated\n"
          "  -n, --rows ROWS       how many functions are shown; the default is 20\n"
          "  -o, --output FILE     the profile for pprof, with names: FILE.pb.gz\n"
          "      --flame FILE      a flame graph, which a browser searches and zooms: FILE.svg\n"
          "      --folded FILE     a line for each call stack, for other programs\n"
          "  -i, --interval BYTES  a sample for so many bytes of PROGRAM, with k, m or g for\n"
          "                        KiB, MiB or GiB; the default is 512k, and 1 every block\n"
          "  -b, --backend SPEC    PROGRAM's backend, as for zmalloc run\n"
          "      --preload WHEN    auto, always or never, as for zmalloc run\n"
          "  -h, --help            this\n"
          "\n"
          "A row has what the function itself has asked for and what it has with all that it\n"
          "calls. Names and lines come from the programs' files and their debug files, as\n"
          "they are now; without symbols there are files and offsets.\n"
          "\n"
          "examples:\n"
          "  zmalloc profile -- python3 script.py\n"
          "  zmalloc profile -i 64k --flame leak.svg -- ./server --run-tests\n"
          "  zmalloc profile server.4711.heap\n"
          "  zmalloc profile server.1.heap server.2.heap     what was added in between\n"
          "\n"
          "exit status: PROGRAM's, or\n"
          "  0    a FILE was shown\n"
          "  1    a FILE is no profile, PROGRAM left none, or something could not be written\n"
          "  2    bad usage\n"
          "  126  PROGRAM cannot be executed\n"
          "  127  PROGRAM is not found\n",
          to);
}

static int take_rows(struct typed typed, struct profile_options *options)
{
    char *end;
    unsigned long rows;

    errno = 0;
    rows = strtoul(optarg, &end, 10);
    if (end == optarg || *end != '\0' || *optarg == '-' || errno != 0 || rows < 1 ||
        rows > ROWS_MAX)
        return bad_usage(options->verb, TYPED "%s: it is a number from 1 to %d", AS_TYPED(typed),
                         optarg, ROWS_MAX);
    options->rows = rows;
    return STATUS_FINE;
}

static int take_file(const struct verb *verb, struct typed typed, const char **file)
{
    if (check_output(optarg) != 0) {
        complain(verb, TYPED "%s: %s", AS_TYPED(typed), optarg, strerror(errno));
        return STATUS_FAILURE;
    }
    *file = optarg;
    return STATUS_FINE;
}

static int take(int option, char **argv, struct profile_options *options)
{
    bool has_none = option == LIVE || option == TOTAL;
    struct typed typed = {0};

    if (!has_none)
        typed = typed_option(argv);

    switch (option) {
    case LIVE:
    case TOTAL:
        options->is_total = option == TOTAL;
        return STATUS_FINE;
    case 'n':
        return take_rows(typed, options);
    case 'o':
        return take_file(options->verb, typed, &options->pprof);
    case FLAME:
        return take_file(options->verb, typed, &options->flame);
    case FOLDED:
        return take_file(options->verb, typed, &options->folded);
    case 'i':
        options->interval = optarg;
        return STATUS_FINE;
    case 'b':
        options->backend = optarg;
        return STATUS_FINE;
    default:
        return read_preload_wish(options->verb, typed, &options->preload);
    }
}

/* What is behind a -- is a program. */
static int take_arguments(int argc, char **argv, struct profile_options *options)
{
    int count = argc - optind;

    options->arguments = argv + optind;
    options->is_program = strcmp(argv[optind - 1], "--") == 0;
    if (options->is_program && count == 0)
        return bad_usage(options->verb, "no program is named after --");
    if (options->is_program)
        return STATUS_FINE;
    if (count == 0)
        return bad_usage(options->verb, "neither a profile nor -- and a program");
    if (count > 2)
        return bad_usage(options->verb, "%s: two profiles at most; a program comes after --",
                         options->arguments[2]);
    return STATUS_FINE;
}

int read_profile_options(const struct verb *verb, int argc, char **argv,
                         struct profile_options *options)
{
    static const struct option known[] = {
        {"live", no_argument, NULL, LIVE},
        {"total", no_argument, NULL, TOTAL},
        {"rows", required_argument, NULL, 'n'},
        {"output", required_argument, NULL, 'o'},
        {"flame", required_argument, NULL, FLAME},
        {"folded", required_argument, NULL, FOLDED},
        {"interval", required_argument, NULL, 'i'},
        {"backend", required_argument, NULL, 'b'},
        {"preload", required_argument, NULL, PRELOAD},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int status = STATUS_FINE;
    int option;

    *options = (struct profile_options){.verb = verb, .rows = ROWS, .interval = INTERVAL};
    opterr = 0;
    while (status == STATUS_FINE &&
           (option = getopt_long(argc, argv, "+:n:o:i:b:h", known, NULL)) != -1) {
        if (option == 'h') {
            print_profile_help(stdout);
            options->is_help = true;
            return STATUS_FINE;
        }
        status = option == '?' || option == ':' ? bad_option(options->verb, argv, known, option)
                                                : take(option, argv, options);
    }
    return status == STATUS_FINE ? take_arguments(argc, argv, options) : status;
}
