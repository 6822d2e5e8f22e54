/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc stats: the statistics of a running process, read from outside. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process/process.h"
#include "text.h"
#include "verb.h"

static void print_help(FILE *to)
{
    fputs("usage: zmalloc stats [--json | --prometheus] PID...\n"
          "\n"
          "Prints the statistics of running processes that use zmalloc. They are read from\n"
          "outside: the process is not stopped and does nothing for it. The allocator's own\n"
          "figures are unknown, since only the process itself can ask for them. The peak is\n"
          "the highest that the process has looked at, and at most 1 MiB for each thread\n"
          "below the truth.\n"
          "\n"
          "      --json        a line with one JSON object for each, as zmalloc_stats_json()\n"
          "                    writes it\n"
          "      --prometheus  in the text format of Prometheus, of one process: metrics of\n"
          "                    several would have the same names\n"
          "  -h, --help        this\n"
          "\n"
          "If a process uses several copies of zmalloc, for example one in a plug-in, there\n"
          "is a report for each.\n"
          "\n"
          "To read the processes of others you have to be root. Some systems (Ubuntu) let\n"
          "only root read any, which the setting kernel.yama.ptrace_scope decides.\n"
          "\n"
          "examples:\n"
          "  zmalloc stats $(pidof redis-server)\n"
          "  zmalloc stats --json 4711 | jq .memory.used_bytes\n"
          "\n"
          "exit status:\n"
          "  0  all were read\n"
          "  1  a process does not use zmalloc or cannot be read\n"
          "  2  bad usage\n",
          to);
}

typedef void write_form(struct zm_writer *writer, const struct zm_stats *stats);

static bool complain_of(pid_t pid, char *trouble)
{
    struct process_facts facts;

    if (process_facts(pid, &facts)) {
        char *name = text_harmless(facts.name);

        complain(&verb_stats, "%ld (%s): %s", (long)pid, name, trouble);
        free(name);
    } else {
        complain(&verb_stats, "%ld: %s", (long)pid, trouble);
    }
    free(trouble);
    return false;
}

static void print_picture(struct picture *picture, const struct copy *copy, bool is_one,
                          write_form *form)
{
    char *text = picture_text(picture, form);

    if (form == zm_stats_write_text && !is_one) {
        char *file = text_harmless(copy->file);

        printf("in %s\n", file);
        free(file);
    }
    fputs(text, stdout);
    if (form == zm_stats_write_json)
        putchar('\n');
    free(text);
}

static bool show_copy(pid_t pid, const struct copy *copy, bool is_one, write_form *form)
{
    char *trouble = copy_trouble(copy);
    struct picture *picture;
    int error;

    if (trouble != NULL)
        return complain_of(pid, trouble);
    picture = picture_take(pid, copy, &error);
    if (picture == NULL)
        return complain_of(pid, process_trouble(pid, error));
    print_picture(picture, copy, is_one, form);
    picture_free(picture);
    return true;
}

/* A process that has ended has no memory any more. */
static char *without_copies(pid_t pid)
{
    struct process_facts facts;

    if (process_facts(pid, &facts) && facts.has_ended)
        return text_format("it has ended");
    return text_format("it does not use zmalloc");
}

static bool show(pid_t pid, write_form *form)
{
    struct copies copies;
    int error = copies_find(pid, &copies);
    bool is_fine = true;

    if (error != 0)
        return complain_of(pid, process_trouble(pid, error));
    if (copies.count == 0)
        return complain_of(pid, without_copies(pid));
    for (size_t i = 0; i < copies.count; i++)
        is_fine = show_copy(pid, &copies.copy[i], copies.count == 1, form) && is_fine;
    copies_free(&copies);
    return is_fine;
}

static int run(int argc, char **argv)
{
    static const struct option known[] = {
        {"json", no_argument, NULL, 'j'},
        {"prometheus", no_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    write_form *form = zm_stats_write_text;
    int status = STATUS_FINE;
    int option;

    while ((option = getopt_long(argc, argv, "+:h", known, NULL)) != -1) {
        switch (option) {
        case 'j':
            form = zm_stats_write_json;
            break;
        case 'p':
            form = zm_stats_write_prometheus;
            break;
        case 'h':
            print_help(stdout);
            return STATUS_FINE;
        default:
            return bad_option(&verb_stats, argv, known, option);
        }
    }
    if (argv[optind] == NULL)
        return bad_usage(&verb_stats, "it needs the id of a process");
    for (char **pid = argv + optind; *pid != NULL; pid++)
        if (process_id(*pid) == 0)
            return bad_usage(&verb_stats, "'%s' is not the id of a process: a number from 1 on",
                             *pid);
    if (form == zm_stats_write_prometheus && argv[optind + 1] != NULL)
        return bad_usage(&verb_stats,
                         "--prometheus is for one process: metrics of several would have "
                         "the same names");
    for (char **pid = argv + optind; *pid != NULL; pid++)
        if (!show(process_id(*pid), form))
            status = STATUS_FAILURE;
    return status;
}

const struct verb verb_stats = {
    .name = "stats",
    .summary = "prints the statistics of running processes",
    .print_help = print_help,
    .run = run,
};
