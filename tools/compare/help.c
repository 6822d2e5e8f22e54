/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc compare --help. */

#include "compare/options.h"

static void print_usage(FILE *to)
{
    fputs("usage: zmalloc compare [-b LIST] [--variant VARIANT]... [-n RUNS] [--warmup N]\n"
          "                       [--prepare COMMAND] [--timeout SECONDS] [--metric METRIC]\n"
          "                       [--metric-regex REGEX [--metric-name NAME]\n"
          "                       [--metric-better lower|higher]]\n"
          "                       [--json FILE] [--csv FILE] [--markdown FILE]\n"
          "                       [--chart FILE.svg|FILE.png] [--] PROGRAM [ARGUMENT...]\n"
          "\n"
          "Runs PROGRAM on each backend, and compares its time and memory. In each round\n"
          "every backend has one run, in a new random order, so other load on the machine\n"
          "affects them alike. If PROGRAM knows nothing of zmalloc, zmalloc becomes its\n"
          "malloc, and the first row is PROGRAM as it is. It must end by itself. It has an\n"
          "empty stdin and no terminal, and what it prints is shown only if it fails.\n"
          "\n",
          to);
}

static void print_rows(FILE *to)
{
    fprintf(to,
            "  -b, --backends LIST   backends separated by commas, each with layers if you\n"
            "                        like; the default is all that are there, unless there\n"
            "                        is a --variant. Modules are left out if PROGRAM has\n"
            "                        the static library\n"
            "      --variant '[NAME: ]BACKEND [VARIABLE=VALUE]...'\n"
            "                        one backend, with layers if you like, and variables that\n"
            "                        are set for its runs; NAME is for the table. A value\n"
            "                        with blanks is in quotes\n"
            "      --preload WHEN    when zmalloc becomes PROGRAM's malloc: auto (if PROGRAM\n"
            "                        does not use zmalloc by itself; so it is without this\n"
            "                        option), always, or never\n"
            "  -n, --runs RUNS       runs on each, 1 to %d; the default is %d\n"
            "      --warmup N        rounds before that, which do not count, 0 to %d; the\n"
            "                        default is %d\n"
            "      --prepare COMMAND for sh, before each run, also those to warm up; its time\n"
            "                        does not count, and its environment is as it is\n"
            "      --timeout SECONDS how long a run may take, %g to %.0f; one that takes\n"
            "                        longer is ended, and has failed\n",
            RUNS_MOST, RUNS, WARMUP_MOST, WARMUP, TIMEOUT_LEAST, TIMEOUT_MOST);
}

static void print_metrics(FILE *to)
{
    fputs("      --metric METRIC   what the verdict and the chart are about; the default is\n"
          "                        wall, and with --metric-regex printed:\n"
          "                          wall     time from start to end\n"
          "                          cpu      processor time, user and system\n"
          "                          rss      the most physical memory it had\n"
          "                          faults   page faults\n"
          "                          peak     the most it had allocated, as zmalloc counts:\n"
          "                                   at most 1 MiB for each thread below the truth\n"
          "                          printed  what --metric-regex finds\n"
          "      --metric-regex REGEX\n"
          "                        a figure that PROGRAM prints on its stdout: an extended\n"
          "                        regular expression with one group, around the number.\n"
          "                        The last line that matches counts; a run without one has\n"
          "                        failed\n"
          "      --metric-name NAME\n"
          "                        what it is called, with its unit: 'requests/s'\n"
          "      --metric-better lower|higher\n"
          "                        which of it is better; the default is lower\n",
          to);
}

static void print_files(FILE *to)
{
    fputs("      --json FILE       everything that was measured, and the summary\n"
          "      --csv FILE        the summary, a line for each metric of each row\n"
          "      --markdown FILE   the tables and the verdict\n"
          "      --chart FILE      the metric as bars, with the interval and the range of\n"
          "                        all runs; .svg, or .png, which gnuplot draws\n"
          "  -h, --help            this\n"
          "\n"
          "The rows are in the order of -b and --variant; the others are compared with the\n"
          "first. A FILE that exists is replaced. One FILE may be -, which is stdout; then\n"
          "the table goes to stderr.\n"
          "\n",
          to);
}

static void print_meaning(FILE *to)
{
    fputs("The table has the median of each metric, the 95 % interval of the median\n"
          "(percentile bootstrap, 4000 samples), and the ratio to the median of the first\n"
          "row: below 1 is less, and less is better. If the intervals overlap, the verdict\n"
          "is that there is no difference. With fewer than 6 runs there is no verdict.\n"
          "\n"
          "If PROGRAM fails on a backend (a signal, an exit status other than 0, or a\n"
          "timeout) or leaves no record of its memory, that backend has no more runs and no\n"
          "part in the result. The others go on; if all fail, compare ends. Ctrl-C ends\n"
          "PROGRAM and shows what was measured so far; the FILEs are still written, and\n"
          "--json says that it was interrupted, but no chart is drawn. PROGRAM gets the\n"
          "environment as it is, except for the variables of --variant, and ZMALLOC_BACKEND\n"
          "and ZMALLOC_STATS, which are set for it.\n"
          "\n",
          to);
}

static void print_examples(FILE *to)
{
    fputs("examples:\n"
          "  zmalloc compare -- ./server --benchmark\n"
          "  zmalloc compare -b libc,jemalloc -n 30 --metric rss -- ./batch input.txt\n"
          "  zmalloc compare -b libc,debug+libc --chart cost.svg -- ./batch input.txt\n"
          "  zmalloc compare -b jemalloc --variant 'jemalloc MALLOC_CONF=narenas:1' ./batch\n"
          "  zmalloc compare --metric-regex '([0-9.]+) requests/s' --metric-better higher \\\n"
          "          --metric-name requests/s -- ./load.sh\n"
          "  zmalloc compare --prepare 'rm -rf cache' --timeout 60 -- ./batch input.txt\n"
          "  zmalloc compare --json result.json -- sh -c './client | ./server'\n"
          "\n"
          "exit status:\n"
          "  0    everything was measured\n"
          "  1    PROGRAM failed on a backend or does not use zmalloc, or a file could not\n"
          "       be written\n"
          "  2    bad usage\n"
          "  126  PROGRAM cannot be executed\n"
          "  127  PROGRAM is not found\n"
          "  130  interrupted with Ctrl-C, or with SIGTERM or SIGHUP\n",
          to);
}

void print_compare_help(FILE *to)
{
    print_usage(to);
    print_rows(to);
    print_metrics(to);
    print_files(to);
    print_meaning(to);
    print_examples(to);
}
