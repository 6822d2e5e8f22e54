/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc doctor: looks for what keeps programs from getting the memory that somebody meant them to
 * get. */

#include "doctor.h"

#include <errno.h>
#include <stdlib.h>

#include "path.h"
#include "verb.h"

static void print_help(FILE *to)
{
    fputs("usage: zmalloc doctor [-- PROGRAM [ARGUMENT...]]\n"
          "\n"
          "Says what would serve a program, what stands in its way, and what to do about it: the\n"
          "choice, the malloc of the process, the system, and the variables that are set. With\n"
          "PROGRAM also whether that one uses zmalloc, and which. PROGRAM is looked at, not run;\n"
          "its arguments are of no interest.\n"
          "\n"
          "  -h, --help  this\n"
          "\n"
          "findings:\n"
          "  ok       as it should be\n"
          "  note     worth knowing; whether it is right depends on the program\n"
          "  warning  something will not do what somebody wanted\n"
          "\n"
          "examples:\n"
          "  zmalloc doctor\n"
          "  zmalloc doctor -- ./server\n"
          "  ZMALLOC_BACKEND=jemalloc MALLOC_CONF=narenas:4 zmalloc doctor\n"
          "  systemd-run --pipe --property=MemoryMax=1G zmalloc doctor    as in that service\n"
          "\n"
          "exit status:\n"
          "  0    healthy: there is no warning\n"
          "  1    there are warnings\n"
          "  2    bad usage\n"
          "  126  PROGRAM cannot be executed\n"
          "  127  PROGRAM is not found\n",
          to);
}

static int examine(const char *program)
{
    struct findings findings = {.to = stdout};
    struct backends backends = backends_gather();
    struct system_facts facts;

    system_facts_read(&facts, "");
    system_facts_ask(&facts);
    printf("zmalloc %s\n", VERSION);
    examine_choice(&findings, &backends);
    examine_malloc(&findings, &backends);
    examine_system(&findings, &facts);
    examine_variables(&findings, &backends);
    if (program != NULL)
        examine_program(&findings, &backends, program);
    findings_summary(&findings);
    backends_free(&backends);
    return findings.counts[LEVEL_WARNING] > 0 ? STATUS_FAILURE : STATUS_FINE;
}

static int examine_with(const char *program)
{
    char *path = path_find(program);
    int status;

    if (path == NULL)
        return cannot_execute(&verb_doctor, program, errno);
    status = examine(path);
    free(path);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct option known[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option = getopt_long(argc, argv, "+:h", known, NULL);

    if (option == 'h') {
        print_help(stdout);
        return STATUS_FINE;
    }
    if (option != -1)
        return bad_option(&verb_doctor, argv, known, option);
    return argv[optind] != NULL ? examine_with(argv[optind]) : examine(NULL);
}

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "what would serve a program, and what stands in its way",
    .print_help = print_help,
    .run = run,
};
