/* SPDX-License-Identifier: BSD-3-Clause */

/* The command zmalloc. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verb.h"

/* ---- Hiding the variables ZMALLOC_* from the library that the command is linked with ---- */

static const char prefix[] = "ZMALLOC_";

/* Another first letter makes it another variable: nothing moves, and nothing is lost. */
#define HIDDEN 'z'

/* It runs before what it calls is ready, a sanitizer's functions above all: so it calls nothing. */
#if defined(__clang__)
#define ALONE __attribute__((no_sanitize("address", "thread", "undefined"), no_stack_protector))
#else
#define ALONE __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

ALONE static bool is_ours(const char *variable, char first)
{
    if (variable[0] != first)
        return false;
    for (unsigned i = 1; prefix[i] != '\0'; i++)
        if (variable[i] != prefix[i])
            return false;
    return true;
}

/* `zmalloc probe` is there to be what a program is, and the library reads them when it is loaded. */
ALONE static bool is_probe(int argc, char **argv)
{
    static const char probe[] = "probe";

    if (argc < 2)
        return false;
    for (unsigned i = 0; i < sizeof probe; i++)
        if (argv[1][i] != probe[i])
            return false;
    return true;
}

/* glibc gives it what main() gets. A C library that does not call it obeys the variables. */
ALONE static void hide_environment(int argc, char **argv, char **variables)
{
    if (is_probe(argc, argv))
        return;
    for (; *variables != NULL; variables++)
        if (is_ours(*variables, prefix[0]))
            (*variables)[0] = HIDDEN;
}

/* Before the constructors of all libraries. */
__attribute__((section(".preinit_array"),
               used)) static void (*const hide_first)(int, char **, char **) = hide_environment;

static void show_environment(void)
{
    for (char **variable = environ; *variable != NULL; variable++)
        if (is_ours(*variable, HIDDEN))
            (*variable)[0] = prefix[0];
}

/* ---- The command ---- */

/* In the order of the help. */
static const struct verb *const verbs[] = {
    &verb_list,    &verb_doctor, &verb_run, &verb_compare,
    &verb_profile, &verb_stats,  &verb_top, &verb_probe,
};

#define VERBS (sizeof verbs / sizeof *verbs)

static void print_help(FILE *to)
{
    fputs("usage: zmalloc VERB [OPTION...] [--] [PROGRAM [ARGUMENT...]]\n"
          "\n"
          "Examines and runs programs that use the library zmalloc.\n"
          "\n",
          to);
    for (size_t i = 0; i < VERBS; i++)
        if (verbs[i]->summary != NULL)
            fprintf(to, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\n"
          "  zmalloc help VERB, zmalloc VERB --help   what a verb does, with examples\n"
          "  zmalloc --version                        the version\n"
          "\n"
          "exit status:\n"
          "  0    fine\n"
          "  1    something is wrong with what it looked at; the verb's help says what\n"
          "  2    bad usage\n"
          "  126  PROGRAM cannot be executed\n"
          "  127  PROGRAM is not found\n"
          "  130  interrupted with Ctrl-C\n",
          to);
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static int unknown_verb(const char *name)
{
    const char *names[VERBS + 2] = {"help"};
    size_t count = 1;
    const char *meant;

    for (size_t i = 0; i < VERBS; i++)
        if (verbs[i]->summary != NULL)
            names[count++] = verbs[i]->name;
    meant = nearest(name, names);
    if (meant == NULL)
        return bad_usage(NULL, "unknown verb '%s'", name);
    return bad_usage(NULL, "unknown verb '%s'; did you mean '%s'?", name, meant);
}

static int help_for(const char *name)
{
    const struct verb *verb = name != NULL ? find_verb(name) : NULL;

    if (name != NULL && verb == NULL)
        return unknown_verb(name);
    if (verb != NULL)
        verb->print_help(stdout);
    else
        print_help(stdout);
    return STATUS_FINE;
}

/* The verb begins to read its options anew, at its own name. */
static int run_verb(int argc, char **argv)
{
    const struct verb *verb = find_verb(argv[0]);

    if (strcmp(argv[0], "help") == 0)
        return help_for(argv[1]);
    if (verb == NULL)
        return unknown_verb(argv[0]);
    optind = 0;
    return verb->run(argc, argv);
}

static int read_arguments(int argc, char **argv)
{
    static const struct option known[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option = getopt_long(argc, argv, "+:hV", known, NULL);

    if (option == 'h')
        return help_for(NULL);
    if (option == 'V') {
        puts("zmalloc " VERSION);
        return STATUS_FINE;
    }
    if (option != -1)
        return bad_option(NULL, argv, known, option);
    if (argv[optind] == NULL) {
        print_help(stderr);
        return STATUS_USAGE;
    }
    return run_verb(argc - optind, argv + optind);
}

/* What was printed but could not be written was not done. */
static int flushed(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    complain(NULL, "stdout: cannot be written");
    return status != STATUS_FINE ? status : STATUS_FAILURE;
}

int main(int argc, char **argv)
{
    show_environment();
    opterr = 0;
    return flushed(read_arguments(argc, argv));
}
