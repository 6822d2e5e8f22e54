/* SPDX-License-Identifier: BSD-3-Clause */

/* What is said where the command is not used as it should be. */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "verb.h"

#define OPTIONS_MAX 32
#define NAME_SIZE 64

/* One line, even where several commands write to one terminal. */
static void say(const struct verb *verb, const char *format, va_list arguments)
{
    flockfile(stderr);
    fprintf(stderr, verb != NULL ? "zmalloc %s: " : "zmalloc: ", verb != NULL ? verb->name : "");
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
}

void complain(const struct verb *verb, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(verb, format, arguments);
    va_end(arguments);
}

int bad_usage(const struct verb *verb, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(verb, format, arguments);
    va_end(arguments);
    fprintf(stderr, "Try 'zmalloc %s%s--help'.\n", verb != NULL ? verb->name : "",
            verb != NULL ? " " : "");
    return STATUS_USAGE;
}

static const char *nearest_option(const char *name, const struct option *options)
{
    const char *names[OPTIONS_MAX + 1];
    size_t count = 0;

    for (; count < OPTIONS_MAX && options[count].name != NULL; count++)
        names[count] = options[count].name;
    names[count] = NULL;
    return nearest(name, names);
}

/* An option that is not known, or may be several. */
static int unknown_long(const struct verb *verb, const char *given, const struct option *options)
{
    int length = (int)strcspn(given, "=");
    char name[NAME_SIZE];
    const char *meant;

    snprintf(name, sizeof name, "%.*s", length - 2, given + 2);
    meant = nearest_option(name, options);
    if (meant == NULL)
        return bad_usage(verb, "unknown option '%.*s'", length, given);
    return bad_usage(verb, "unknown option '%.*s'; did you mean '--%s'?", length, given, meant);
}

static bool is_known(int letter, const struct option *options)
{
    for (; options->name != NULL; options++)
        if (options->val == letter)
            return true;
    return false;
}

int bad_option(const struct verb *verb, char **argv, const struct option *options, int result)
{
    const char *given = argv[optind - 1];

    if (result == ':')
        return bad_usage(verb, "option '%s' needs an argument", given);
    if (optopt == 0)
        return unknown_long(verb, given, options);
    if (!is_known(optopt, options))
        return bad_usage(verb, "unknown option '-%c'", optopt);
    return bad_usage(verb, "option '%.*s' takes no argument", (int)strcspn(given, "="), given);
}

struct typed typed_option(char **argv)
{
    char *last = argv[optind - 1];

    if (optarg == last)
        return (struct typed){argv[optind - 2], (int)strlen(argv[optind - 2]), " "};
    return (struct typed){last, (int)(optarg - last), ""};
}

int cannot_execute(const struct verb *verb, const char *program, int error)
{
    if (error != ENOENT) {
        complain(verb, "%s: cannot be executed: %s", program, strerror(error));
        return STATUS_NOT_EXECUTABLE;
    }
    complain(verb, strchr(program, '/') != NULL ? "%s: not found" : "%s: not found in PATH",
             program);
    return STATUS_NOT_FOUND;
}
