/* SPDX-License-Identifier: BSD-3-Clause */

/* The variables of the C library's malloc. It says nothing of names and values that are wrong. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "text.h"
#include "verb.h"

#define TUNABLES_MAX 128
#define NAME_SIZE 64

static const struct {
    const char *name;
    const char *tunable; /* the same as a tunable; NULL: it is no number */
    const char *means;
} of_glibc[] = {
    {"MALLOC_ARENA_MAX", "glibc.malloc.arena_max",
     "at most so many arenas: less memory, and more threads that wait for one"},
    {"MALLOC_ARENA_TEST", "glibc.malloc.arena_test",
     "from so many arenas on their number is limited"},
    {"MALLOC_MMAP_MAX_", "glibc.malloc.mmap_max", "at most so many blocks come from mmap"},
    {"MALLOC_MMAP_THRESHOLD_", "glibc.malloc.mmap_threshold",
     "blocks of so many bytes come from mmap, and go back when freed; the threshold no longer "
     "adapts itself"},
    {"MALLOC_TOP_PAD_", "glibc.malloc.top_pad",
     "so many bytes more are taken from the system each time"},
    {"MALLOC_TRIM_THRESHOLD_", "glibc.malloc.trim_threshold",
     "so many free bytes at the top of the heap are kept; the mmap threshold no longer adapts "
     "itself"},
    {"MALLOC_PERTURB_", "glibc.malloc.perturb",
     "every block is filled when it is allocated and freed, which is for debugging, and slow"},
    {"MALLOC_CHECK_", "glibc.malloc.check",
     "heap checks, since glibc 2.34 only with libc_malloc_debug.so.0 in LD_PRELOAD"},
    {"MALLOC_TRACE", NULL,
     "the file that mtrace() writes to, since glibc 2.34 only with libc_malloc_debug.so.0 in "
     "LD_PRELOAD"},
};

#define OF_GLIBC (sizeof of_glibc / sizeof *of_glibc)

/* ---- Numbers ---- */

/* As the C library reads them: in C's notation, with a sign if there is one. */
static bool read_number(const char *text, unsigned long long *number, bool *is_negative)
{
    const char *digits;
    char *end;

    text += strspn(text, " \t");
    *is_negative = *text == '-';
    digits = text + (*text == '-' || *text == '+');
    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    *number = strtoull(digits, &end, 0);
    return *end == '\0' && errno == 0;
}

/* The number behind the word in a line of the list of tunables. */
static bool read_bound(const char *line, const char *word, long long *bound)
{
    const char *end = line + strcspn(line, "\n");
    const char *at = strstr(line, word);

    if (at == NULL || at > end)
        return false;
    /* What is larger than a signed number stands for all there are. */
    *bound = (long long)strtoull(at + strlen(word), NULL, 0);
    return true;
}

static const char *line_of(const char *tunables, const char *name)
{
    char *beginning = text_format("%s:", name);
    const char *line = tunables != NULL ? text_find_line(tunables, beginning) : NULL;

    free(beginning);
    return line;
}

/* What is wrong with a value for a tunable, which the caller frees; NULL: nothing that is known. */
static char *trouble_with(const char *value, const char *tunables, const char *name)
{
    const char *line = line_of(tunables, name);
    unsigned long long number;
    long long least = 0;
    long long most = 0;
    bool is_negative;
    bool has_bounds =
        line != NULL && read_bound(line, "(min: ", &least) && read_bound(line, " max: ", &most);

    if (line != NULL && !has_bounds) /* a tunable that is a text */
        return NULL;
    if (!read_number(value, &number, &is_negative))
        return text_format("is no number");
    /* Of a size with a sign the C library makes a large one. */
    if (!has_bounds || (most < 0 && (is_negative || number >= (unsigned long long)least)))
        return NULL;
    if (most >= 0 && number <= LLONG_MAX) {
        long long given = is_negative ? -(long long)number : (long long)number;

        if (given >= least && given <= most)
            return NULL;
    }
    return most < 0 ? text_format("is less than %lld", least)
                    : text_format("is not from %lld to %lld", least, most);
}

static void tell_of_trouble(struct findings *findings, const char *name, const char *value,
                            const char *trouble)
{
    finding(findings, LEVEL_WARNING, "%s=\"%s\" %s.", name, value, trouble);
    meaning(findings, "glibc says nothing, and goes on without it or with the digits that it "
                      "begins with.");
    advice(findings, "write a number that it takes, or unset it.");
}

/* ---- MALLOC_* ---- */

static size_t find_name(const char *name)
{
    size_t i = 0;

    while (i < OF_GLIBC && strcmp(of_glibc[i].name, name) != 0)
        i++;
    return i;
}

static void tell_of_unknown(struct findings *findings, const struct variable *variable)
{
    const char *names[OF_GLIBC + 2] = {"MALLOC_CONF"};
    const char *meant;

    for (size_t i = 0; i < OF_GLIBC; i++)
        names[1 + i] = of_glibc[i].name;
    meant = nearest(variable->name, names);
    finding(findings, LEVEL_NOTE, "%s is set, which no allocator here reads.", variable->name);
    meaning(findings, "glibc has no such variable%s%s.",
            meant != NULL ? "; the nearest that something reads is " : "",
            meant != NULL ? meant : "");
    advice(findings, "put the name right, or unset it.");
}

bool is_over_malloc(const struct surroundings *around)
{
    return strcmp(around->chosen, "libc") == 0 || strcmp(around->chosen, "native") == 0;
}

static const char *whom_it_acts_on(const struct surroundings *around)
{
    if (is_over_malloc(around))
        return "It acts on zmalloc's memory too, because the backend is over malloc().";
    return "It acts on what does not come from zmalloc alone.";
}

/* For a variable of the C library's malloc, where that is not the malloc of the process. */
static void tell_of_replaced(struct findings *findings, const struct surroundings *around,
                             const struct variable *variable)
{
    finding(findings, LEVEL_WARNING, "%s=\"%s\" is set for a malloc that is not used.",
            variable->name, variable->value);
    meaning(findings,
            "the malloc of the process is that of %s; the C library's, which would read "
            "it, serves nobody.",
            around->foreign_malloc);
    advice(findings, "unset it, or take the other malloc out of LD_PRELOAD.");
}

static void tell_of_read(struct findings *findings, const struct surroundings *around,
                         const struct variable *variable, const char *means)
{
    bool is_slow = strcmp(variable->name, "MALLOC_PERTURB_") == 0;

    finding(findings, is_slow ? LEVEL_WARNING : LEVEL_NOTE,
            "%s=\"%s\" is read by the malloc of the C library.", variable->name, variable->value);
    meaning(findings, "%s. %s", means, whom_it_acts_on(around));
    advice(findings, is_slow ? "unset it in production." : "nothing, if that is meant.");
}

void examine_glibc(struct findings *findings, const struct surroundings *around,
                   const struct variable *variable)
{
    size_t i = find_name(variable->name);
    char *trouble = NULL;

    if (i < OF_GLIBC && of_glibc[i].tunable != NULL)
        trouble = trouble_with(variable->value, around->tunables, of_glibc[i].tunable);
    if (i == OF_GLIBC)
        tell_of_unknown(findings, variable);
    else if (*around->foreign_malloc != '\0')
        tell_of_replaced(findings, around, variable);
    else if (trouble != NULL)
        tell_of_trouble(findings, variable->name, variable->value, trouble);
    else
        tell_of_read(findings, around, variable, of_glibc[i].means);
    free(trouble);
}

/* ---- Tunables ---- */

/* The nearest of those that begin as the name does up to there. */
static const char *nearest_behind(const char *tunables, const char *name, size_t part,
                                  char found[NAME_SIZE])
{
    char names[TUNABLES_MAX][NAME_SIZE];
    const char *candidates[TUNABLES_MAX + 1] = {NULL};
    size_t count = 0;
    const char *meant;

    while (*tunables != '\0' && count < TUNABLES_MAX) {
        size_t length = strcspn(tunables, ":\n");

        if (length > part && strncmp(tunables, name, part) == 0) {
            snprintf(names[count], NAME_SIZE, "%.*s", (int)(length - part), tunables + part);
            candidates[count] = names[count];
            count++;
        }
        tunables += strcspn(tunables, "\n");
        tunables += *tunables == '\n';
    }
    meant = nearest(name + part, candidates);
    if (meant != NULL)
        snprintf(found, NAME_SIZE, "%.*s%s", (int)part, name, meant);
    return meant != NULL ? found : NULL;
}

/* Among those of the same part of the C library only the last word is compared. */
static const char *nearest_tunable(const char *tunables, const char *name, char found[NAME_SIZE])
{
    const char *dot = strrchr(name, '.');
    const char *meant = NULL;

    if (dot != NULL)
        meant = nearest_behind(tunables, name, (size_t)(dot - name) + 1, found);
    return meant != NULL ? meant : nearest_behind(tunables, name, 0, found);
}

static void tell_of_unknown_tunable(struct findings *findings, const char *tunables,
                                    const char *name)
{
    char found[NAME_SIZE];
    const char *meant = nearest_tunable(tunables, name, found);

    finding(findings, LEVEL_WARNING,
            "GLIBC_TUNABLES names \"%s\", which this C library does not know.", name);
    meaning(findings, "it is passed over in silence%s%s.",
            meant != NULL ? "; the nearest that there is is " : "", meant != NULL ? meant : "");
    advice(findings, "put the name right (`ld.so --list-tunables` has all), or take it out.");
}

/* "NAME=VALUE". Whether it is right; what is wrong is told. */
static bool examine_entry(struct findings *findings, const struct surroundings *around, char *entry)
{
    char *equals = strchr(entry, '=');
    char *trouble;

    if (equals == NULL) {
        finding(findings, LEVEL_WARNING, "GLIBC_TUNABLES has \"%s\", which is no NAME=VALUE.",
                entry);
        meaning(findings, "it is passed over, in newer versions with all the rest.");
        advice(findings, "put it right, or take it out.");
        return false;
    }
    *equals = '\0';
    if (around->tunables != NULL && line_of(around->tunables, entry) == NULL) {
        tell_of_unknown_tunable(findings, around->tunables, entry);
        return false;
    }
    trouble = around->tunables != NULL ? trouble_with(equals + 1, around->tunables, entry) : NULL;
    if (trouble != NULL)
        tell_of_trouble(findings, entry, equals + 1, trouble);
    free(trouble);
    return trouble == NULL;
}

static bool examine_entries(struct findings *findings, const struct surroundings *around,
                            const char *value)
{
    bool all_right = true;

    while (*value != '\0') {
        size_t length = strcspn(value, ":");
        char *entry = text_format("%.*s", (int)length, value);

        if (length > 0)
            all_right = examine_entry(findings, around, entry) && all_right;
        free(entry);
        value += length + (value[length] == ':');
    }
    return all_right;
}

static void tell_of_tunables(struct findings *findings, const struct surroundings *around,
                             const struct variable *variable)
{
    finding(findings, LEVEL_NOTE, "GLIBC_TUNABLES=\"%s\" sets up the malloc of the C library.",
            variable->value);
    meaning(findings, "%s%s", whom_it_acts_on(around),
            around->tunables != NULL ? ""
                                     : " A name that it does not know is passed over in silence.");
    advice(findings, "nothing, if that is meant.");
}

static void tell_of_other_tunables(struct findings *findings, const struct variable *variable)
{
    finding(findings, LEVEL_OK, "GLIBC_TUNABLES=\"%s\" has nothing for malloc.", variable->value);
    meaning(findings, "it sets up other parts of the C library "
                      "(glibc.rtld.optional_static_tls lets libzmalloc be opened late).");
    advice(findings, NOTHING_TO_DO);
}

void examine_tunables(struct findings *findings, const struct surroundings *around,
                      const struct variable *variable)
{
    bool is_for_malloc = strstr(variable->value, "glibc.malloc.") != NULL;

    if (!examine_entries(findings, around, variable->value))
        return;
    if (is_for_malloc && *around->foreign_malloc != '\0')
        tell_of_replaced(findings, around, variable);
    else if (is_for_malloc)
        tell_of_tunables(findings, around, variable);
    else
        tell_of_other_tunables(findings, variable);
}
