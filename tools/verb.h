/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_VERB_H
#define TOOLS_VERB_H

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

#include "../src/nearest_word.h"

/*
 * The command `zmalloc` is a list of verbs, a file or folder each. A new one defines a `struct verb`,
 * and has a line below, a row in main.c and its files in meson.build.
 */

struct verb {
    const char *name;
    const char *summary;          /* a line for `zmalloc --help`; NULL for what is not for people */
    void (*print_help)(FILE *to); /* usage, options, examples, exit statuses */
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit status */
};

extern const struct verb verb_list, verb_doctor, verb_run, verb_compare, verb_stats, verb_top,
    verb_profile, verb_probe;

/* What the command ends with. `run` ends with what its program does. */
enum {
    STATUS_FINE = 0,
    STATUS_FAILURE = 1, /* it was done, and something is wrong with what was looked at */
    STATUS_USAGE = 2,
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127,
    STATUS_INTERRUPTED = 130
};

#define MESSAGE(at, from) __attribute__((format(printf, at, from)))

/* "zmalloc VERB: " and the message, a line on stderr. The verb NULL is the command itself. */
void complain(const struct verb *verb, const char *format, ...) MESSAGE(2, 3);

/* The same, then where to find help. Returns STATUS_USAGE. */
int bad_usage(const struct verb *verb, const char *format, ...) MESSAGE(2, 3);

/*
 * For what getopt_long returns as '?' or ':', with opterr 0 and a '+' and a ':' in front of its
 * short options: says which option is wrong, and the nearest right one. Returns STATUS_USAGE.
 */
int bad_option(const struct verb *verb, char **argv, const struct option *options, int result);

/*
 * The option that getopt_long has just read with an argument, up to the argument and as it was typed:
 * "-n ", "-n", "--runs " or "--runs=". For messages that name it.
 */
struct typed {
    const char *word;
    int length;
    const char *blank;
};

#define TYPED "%.*s%s"
#define AS_TYPED(typed) (typed).length, (typed).word, (typed).blank

struct typed typed_option(char **argv);

/* Says that the program cannot be executed, and why. Returns what the shell would end with. */
int cannot_execute(const struct verb *verb, const char *program, int error);

/*
 * The candidate that the word was probably meant to be: it begins with the word, or is few edits
 * away. NULL where there is none. The candidates end with NULL.
 */
static inline const char *nearest(const char *word, const char *const *candidates)
{
    return zm_nearest(word, candidates);
}

/* ---- Memory for the command itself ---- */

/*
 * Memory of the C library, zeroed; where there is none the command ends. It is not zmalloc's, since
 * that would choose a backend by the variables that are meant for other programs.
 */
void *allocate(size_t num, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy of the text, at most length bytes of it. */
char *copy_text(const char *text, size_t length) __attribute__((returns_nonnull));

/*
 * The same in pages that no child gets: what a child has before it executes its program counts as
 * the most it ever had. Given back with release_unshared().
 */
void *allocate_unshared(size_t size) __attribute__((returns_nonnull));
void release_unshared(void *block, size_t size);

#endif
