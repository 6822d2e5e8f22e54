/* SPDX-License-Identifier: BSD-3-Clause */

/* What verbs share: messages about how they were called, and memory. */

#include "verb.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

/* ---- Memory for the command itself ---- */

static void __attribute__((noreturn)) no_memory(void)
{
    complain(NULL, "out of memory");
    exit(STATUS_FAILURE);
}

void *allocate(size_t num, size_t size)
{
    void *block = calloc(num > 0 ? num : 1, size);

    if (block == NULL)
        no_memory();
    return block;
}

void *allocate_unshared(size_t size)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED || madvise(block, size, MADV_DONTFORK) != 0)
        no_memory();
    return block;
}

void release_unshared(void *block, size_t size)
{
    munmap(block, size);
}

char *copy_text(const char *text, size_t length)
{
    size_t copied = strnlen(text, length);
    char *copy = allocate(copied + 1, 1);

    memcpy(copy, text, copied);
    return copy;
}
