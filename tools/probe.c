/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc probe: chooses as its environment says, and tells what came of it. The command starts it
 * itself; see probing.h. */

#include <jansson.h>
#include <stdlib.h>

#include "backends.h"
#include "verb.h"
#include "zmalloc_backend.h"

/* So much that an allocator which counts has something to count. */
#define BLOCK_SIZE ((size_t)1 << 20)

static void print_help(FILE *to)
{
    fputs("usage: zmalloc probe\n"
          "\n"
          "What `zmalloc list` and `zmalloc doctor` start to learn about a backend: chooses\n"
          "as the environment says, and prints the statistics and the abilities of what\n"
          "was chosen, a JSON object in one line.\n"
          "\n"
          "exit status:\n"
          "  0    a backend could be chosen\n"
          "  1    there was no memory\n"
          "  2    bad usage\n"
          "  78   no backend could be chosen; the reason is on stderr\n",
          to);
}

/* The statistics of the library while a block is in use, or NULL. */
static json_t *read_statistics(void)
{
    void *block = ztrymalloc(BLOCK_SIZE);
    int length = zmalloc_stats_json(NULL, 0);
    /* The figures of a second reading may be longer. */
    size_t size = BUFSIZ + (length > 0 ? (size_t)length : 0);
    char *text = malloc(size);
    json_t *facts = NULL;

    if (text != NULL && zmalloc_stats_json(text, size) > 0)
        facts = json_loads(text, 0, NULL);
    free(text);
    zfree(block);
    return facts;
}

static json_t *abilities_of(const struct zmalloc_backend *table)
{
    return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b}", "allocator_info",
                     table->allocator_info != NULL, "purge", table->purge != NULL,
                     "background_thread", table->background_thread != NULL, "stats_print",
                     table->stats_print != NULL, "ctl", table->ctl != NULL, "good_size",
                     table->good_size != NULL, "thread_idle", table->thread_idle != NULL);
}

static int print_facts(json_t *facts)
{
    const char *name = probe_text(facts, "backend", "name");
    const struct zmalloc_backend *table =
        name != NULL ? zmalloc_backend_table(backend_without_layers(name)) : NULL;

    if (table == NULL || json_object_set_new(facts, "abilities", abilities_of(table)) != 0 ||
        json_dumpf(facts, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) != 0)
        return STATUS_FAILURE;
    putchar('\n');
    return STATUS_FINE;
}

static int run(int argc, char **argv)
{
    static const struct option known[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option = getopt_long(argc, argv, "+:h", known, NULL);
    json_t *facts;
    int status;

    if (option == 'h') {
        print_help(stdout);
        return STATUS_FINE;
    }
    if (option != -1)
        return bad_option(&verb_probe, argv, known, option);
    if (argv[optind] != NULL)
        return bad_usage(&verb_probe, "it takes no argument, and was given '%s'", argv[optind]);
    facts = read_statistics();
    status = print_facts(facts);
    json_decref(facts);
    return status;
}

const struct verb verb_probe = {
    .name = "probe",
    .print_help = print_help,
    .run = run,
};
