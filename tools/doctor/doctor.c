/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc doctor: looks for what keeps programs from getting the memory that somebody meant them to
 * get. */

#include "doctor/doctor.h"

#include <errno.h>
#include <stdlib.h>

#include "program.h"
#include "text.h"
#include "verb.h"

#define SCHEMA 1

struct doctor_options {
    bool all;
    bool as_json;
};

static void print_help(FILE *to)
{
    fputs("usage: zmalloc doctor [--all | --json] [-- PROGRAM [ARGUMENT...]]\n"
          "\n"
          "Says which backend a program would get, what is in the way, and what to do about\n"
          "it. It looks at the choice, the malloc of the process, the system, and the\n"
          "variables that are set; with PROGRAM also whether PROGRAM uses zmalloc, and\n"
          "which copy. It does not run PROGRAM, and ignores its arguments.\n"
          "\n"
          "  -a, --all   also show what is as it should be\n"
          "      --json  for programs: all of it, one JSON object\n"
          "  -h, --help  this\n"
          "\n"
          "findings, warnings first:\n"
          "  warning  something will not work as it was meant to\n"
          "  note     worth knowing; whether it is right depends on the program\n"
          "  ok       as it should be\n"
          "\n"
          "keys of --json:\n"
          "  schema, zmalloc   1, and the version of the command\n"
          "  healthy           whether there is no warning\n"
          "  warnings, notes   how many there are\n"
          "  backend           the backend, without layers; null if there is none\n"
          "  program           the path of PROGRAM; null without one\n"
          "  findings          an array of objects:\n"
          "    group           choice, malloc, system, variables or program\n"
          "    level           warning, note or ok\n"
          "    finding, means, to_do\n"
          "                    sentences; to_do is null if there is nothing to do\n"
          "\n"
          "examples:\n"
          "  zmalloc doctor\n"
          "  zmalloc doctor -- ./server\n"
          "  ZMALLOC_BACKEND=jemalloc MALLOC_CONF=narenas:4 zmalloc doctor\n"
          "  systemd-run --pipe --property=MemoryMax=1G zmalloc doctor  as in that service\n"
          "  zmalloc doctor --json | jq -r '.findings[] | select(.level == \"warning\")'\n"
          "\n"
          "exit status:\n"
          "  0    healthy: there is no warning\n"
          "  1    there are warnings\n"
          "  2    bad usage\n"
          "  126  PROGRAM cannot be executed\n"
          "  127  PROGRAM is not found\n",
          to);
}

static int print_json(const struct findings *findings, const struct backends *backends,
                      const char *program)
{
    const char *backend = chosen_name(backends);
    int warnings = (int)findings->counts[LEVEL_WARNING];
    int notes = (int)findings->counts[LEVEL_NOTE];
    json_t *report = json_pack(
        "{s:i, s:s, s:b, s:i, s:i, s:o, s:o, s:o}", "schema", SCHEMA, "zmalloc", VERSION, "healthy",
        warnings == 0, "warnings", warnings, "notes", notes, "backend",
        backend != NULL ? text_json(backend) : json_null(), "program",
        program != NULL ? text_json(program) : json_null(), "findings", findings_json(findings));
    int status = warnings > 0 ? STATUS_FAILURE : STATUS_FINE;

    if (report == NULL || json_dumpf(report, stdout, JSON_INDENT(2)) != 0)
        status = STATUS_FAILURE;
    putchar('\n');
    json_decref(report);
    return status;
}

static int print_all(const struct findings *findings, bool all)
{
    printf("zmalloc %s\n", VERSION);
    findings_print(findings, all, stdout);
    return findings->counts[LEVEL_WARNING] > 0 ? STATUS_FAILURE : STATUS_FINE;
}

static int examine(const struct doctor_options *options, const char *program)
{
    struct findings findings = {0};
    struct backends backends = backends_gather();
    struct system_facts facts;
    int status;

    system_facts_read(&facts, "");
    system_facts_ask(&facts);
    examine_choice(&findings, &backends);
    examine_malloc(&findings, &backends);
    examine_system(&findings, &facts);
    examine_variables(&findings, &backends);
    if (program != NULL)
        examine_program(&findings, &backends, program);
    status = options->as_json ? print_json(&findings, &backends, program)
                              : print_all(&findings, options->all);
    findings_free(&findings);
    backends_free(&backends);
    return status;
}

static int examine_with(const struct doctor_options *options, const char *program)
{
    char *path = path_find(program);
    int status;

    if (path == NULL)
        return cannot_execute(&verb_doctor, program, errno);
    status = examine(options, path);
    free(path);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct option known[] = {
        {"all", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct doctor_options options = {0};
    int option;

    while ((option = getopt_long(argc, argv, "+:ah", known, NULL)) != -1) {
        switch (option) {
        case 'a':
            options.all = true;
            break;
        case 'j':
            options.as_json = true;
            break;
        case 'h':
            print_help(stdout);
            return STATUS_FINE;
        default:
            return bad_option(&verb_doctor, argv, known, option);
        }
    }
    return argv[optind] != NULL ? examine_with(&options, argv[optind]) : examine(&options, NULL);
}

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "which backend a program would get, and what is in the way",
    .print_help = print_help,
    .run = run,
};
