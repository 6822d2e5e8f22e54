/* SPDX-License-Identifier: BSD-3-Clause */

/* The variables of jemalloc, tcmalloc and mimalloc: what each does, and to whom. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "doctor/doctor.h"
#include "text.h"
#include "verb.h"

#define NAMES_MAX 128
#define NAME_SIZE 64

/* Whether the process's malloc is that allocator's. */
static bool is_malloc_of(const struct surroundings *around, const char *allocator)
{
    return strstr(around->foreign_malloc, allocator) != NULL;
}

static void tell_of_idle(struct findings *findings, const struct surroundings *around,
                         const struct variable *variable, const char *allocator)
{
    finding(findings, LEVEL_WARNING, "%s=\"%s\" is set, but %s does not serve.", variable->name,
            variable->value, allocator);
    meaning(findings,
            "zmalloc's memory comes from %s, which does not read it; only a program that "
            "is linked with %s by itself does.",
            *around->chosen != '\0' ? around->chosen : "nothing", allocator);
    advice(findings, "choose %s (ZMALLOC_BACKEND=%s), or unset the variable.", allocator,
           allocator);
}

static void tell_of_double(struct findings *findings, const struct variable *variable,
                           const char *allocator)
{
    finding(findings, LEVEL_NOTE, "%s=\"%s\" is read twice.", variable->name, variable->value);
    meaning(findings,
            "%s serves zmalloc, and one that was loaded before the C library is the "
            "malloc of the process: the variable sets up both.",
            allocator);
    advice(findings, "take it out of LD_PRELOAD, unless both are wanted.");
}

/* ---- Names and values that are wrong ---- */

/* The nearest of the names, which begin with the prefix when they are variables. */
static void tell_of_unknown_name(struct findings *findings, const struct variable *variable,
                                 const char *allocator, const char *meant)
{
    finding(findings, LEVEL_WARNING, "%s is set, which %s does not know.", variable->name,
            allocator);
    if (meant != NULL)
        meaning(findings, "nothing reads it, and nothing says so; the nearest name is %s.", meant);
    else
        meaning(findings, "nothing reads it, and nothing says so.");
    advice(findings, "put the name right, or unset it.");
}

static void tell_of_wrong_value(struct findings *findings, const struct variable *variable,
                                const char *allocator, const char *wanted)
{
    finding(findings, LEVEL_WARNING, "%s=\"%s\" has no value that %s takes.", variable->name,
            variable->value, allocator);
    meaning(findings, "%s wants %s; it says nothing, and does not do what was meant.", allocator,
            wanted);
    advice(findings, "put the value right, or unset it.");
}

/* ---- tcmalloc ---- */

enum kind { NUMBER, YES_OR_NO, TEXT };

/* Those of gperftools 2.10 to 2.18, which has no way to be asked. */
static const struct {
    const char *name;
    enum kind kind;
} of_tcmalloc[] = {
    {"TCMALLOC_AGGRESSIVE_DECOMMIT", YES_OR_NO},
    {"TCMALLOC_DEVMEM_LIMIT", NUMBER},
    {"TCMALLOC_DEVMEM_START", NUMBER},
    {"TCMALLOC_DISABLE_MEMORY_RELEASE", YES_OR_NO},
    {"TCMALLOC_HEAP_LIMIT_MB", NUMBER},
    {"TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD", NUMBER},
    {"TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES", NUMBER},
    {"TCMALLOC_MEMFS_ABORT_ON_FAIL", YES_OR_NO},
    {"TCMALLOC_MEMFS_DISABLE_FALLBACK", YES_OR_NO},
    {"TCMALLOC_MEMFS_IGNORE_MMAP_FAIL", YES_OR_NO},
    {"TCMALLOC_MEMFS_LIMIT_MB", NUMBER},
    {"TCMALLOC_MEMFS_MALLOC_PATH", TEXT},
    {"TCMALLOC_MEMFS_MAP_PRIVATE", YES_OR_NO},
    {"TCMALLOC_OVERRIDE_PAGESIZE", NUMBER},
    {"TCMALLOC_RELEASE_RATE", NUMBER},
    {"TCMALLOC_SAMPLE_PARAMETER", NUMBER},
    {"TCMALLOC_SKIP_MMAP", YES_OR_NO},
    {"TCMALLOC_SKIP_SBRK", YES_OR_NO},
    {"TCMALLOC_STACKTRACE_METHOD", TEXT},
    {"TCMALLOC_STACKTRACE_METHOD_VERBOSE", YES_OR_NO},
    {"TCMALLOC_TRANSFER_NUM_OBJ", NUMBER},
};

#define OF_TCMALLOC (sizeof of_tcmalloc / sizeof *of_tcmalloc)

static bool is_number(const char *value)
{
    char *end;

    strtod(value, &end);
    return end != value && *end == '\0';
}

/* What is wanted in place of the value; NULL where it will do. Of yes or no the first letter counts. */
static const char *wanted_by_tcmalloc(enum kind kind, const char *value)
{
    if (kind == NUMBER && !is_number(value))
        return "a number";
    if (kind == YES_OR_NO && strchr("tTyY1fFnN0", *value) == NULL)
        return "1 or 0, and takes other words for 0";
    return NULL;
}

/* The backend takes the break from it. */
static bool leaves_nothing(const struct variable *variable)
{
    return strcmp(variable->name, "TCMALLOC_SKIP_MMAP") == 0 &&
           strchr("1tTyY", *variable->value) != NULL;
}

static void tell_of_no_memory(struct findings *findings, const struct variable *variable)
{
    finding(findings, LEVEL_WARNING, "%s=\"%s\" leaves tcmalloc without memory.", variable->name,
            variable->value);
    meaning(findings, "the backend never lets tcmalloc grow the break, which is the malloc's of "
                      "the C library; without mmap there is nothing else.");
    advice(findings, "unset it.");
}

/* Whether something is wrong with it, which is told. */
static bool is_wrong_for_tcmalloc(struct findings *findings, const struct variable *variable)
{
    const char *names[OF_TCMALLOC + 1] = {NULL};
    const char *wanted;

    for (size_t i = 0; i < OF_TCMALLOC; i++) {
        names[i] = of_tcmalloc[i].name;
        if (strcmp(variable->name, names[i]) != 0)
            continue;
        wanted = wanted_by_tcmalloc(of_tcmalloc[i].kind, variable->value);
        if (wanted != NULL)
            tell_of_wrong_value(findings, variable, "tcmalloc", wanted);
        return wanted != NULL;
    }
    tell_of_unknown_name(findings, variable, "tcmalloc", nearest(variable->name, names));
    return true;
}

/* ---- mimalloc ---- */

/*
 * It knows best itself: asked to, it prints a line for each option when it starts, which has "option
 * 'NAME': VALUE" in it, and complains of wrong values.
 */
#define OPTION "option '"
#define NO_LONGER "deprecated_"

/* The next name that it prints, in the letters of variables; false at the end. */
static bool next_option(const char **text, char name[NAME_SIZE])
{
    const char *begin = strstr(*text, OPTION);
    size_t length;

    if (begin == NULL)
        return false;
    begin += strlen(OPTION);
    length = strcspn(begin, "'\n");
    *text = begin + length;
    snprintf(name, NAME_SIZE, "MIMALLOC_%.*s", (int)length, begin);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    return true;
}

/* "environment option mimalloc_NAME has an invalid value", and with quotes where one is deprecated. */
static bool complains_of(const char *text, const char *name, const char *words)
{
    const char *line = text;

    while ((line = strcasestr(line, name)) != NULL) {
        line += strlen(name);
        if (text_begins_with(line, words))
            return true;
    }
    return false;
}

/* These it may not print, since they were read before. */
static bool is_of_every_version(const char *name)
{
    return strcmp(name, "MIMALLOC_VERBOSE") == 0 || strcmp(name, "MIMALLOC_SHOW_ERRORS") == 0 ||
           strcmp(name, "MIMALLOC_SHOW_STATS") == 0;
}

static bool is_option_no_longer(const char *text, const char *name)
{
    char old[NAME_SIZE + sizeof OPTION NO_LONGER];

    snprintf(old, sizeof old, OPTION NO_LONGER "%s'", name + strlen("MIMALLOC_"));
    return strcasestr(text, old) != NULL;
}

static void tell_of_no_longer(struct findings *findings, const struct variable *variable)
{
    finding(findings, LEVEL_WARNING, "%s is set, which this mimalloc knows no longer.",
            variable->name);
    meaning(findings, "other versions have such an option; here nothing reads it.");
    advice(findings, "unset it, or look for what has taken its place: MIMALLOC_VERBOSE=1 has a "
                     "program that uses mimalloc print every option.");
}

static bool is_unknown_to_mimalloc(struct findings *findings, const struct variable *variable,
                                   const char *printed)
{
    char names[NAMES_MAX][NAME_SIZE];
    const char *candidates[NAMES_MAX + 1] = {NULL};
    const char *rest = printed;
    size_t count = 0;

    for (; count < NAMES_MAX && next_option(&rest, names[count]); count++) {
        candidates[count] = names[count];
        if (strcmp(names[count], variable->name) == 0)
            return false;
    }
    /* One that prints nothing cannot be asked. */
    if (count > 0)
        tell_of_unknown_name(findings, variable, "mimalloc", nearest(variable->name, candidates));
    return count > 0;
}

static bool is_wrong_for_mimalloc(struct findings *findings, const struct variable *variable)
{
    struct probe probe;
    bool is_wrong = true;

    if (is_of_every_version(variable->name))
        return false;
    probe = probe_with((char[]){"MIMALLOC_VERBOSE=1"});
    if (complains_of(probe.complaint, variable->name, " has an invalid value"))
        tell_of_wrong_value(findings, variable, "mimalloc", "a number, or 1 or 0 for yes or no");
    else if (complains_of(probe.complaint, variable->name, "\" is deprecated"))
        is_wrong = false;
    else if (is_option_no_longer(probe.complaint, variable->name))
        tell_of_no_longer(findings, variable);
    else
        is_wrong = is_unknown_to_mimalloc(findings, variable, probe.complaint);
    probe_free(&probe);
    return is_wrong;
}

/* ---- All ---- */

/* jemalloc tells by itself what it does not understand, and that is a finding of the choice. */
static bool is_wrong(struct findings *findings, const struct variable *variable,
                     const char *allocator)
{
    if (strcmp(allocator, "tcmalloc") == 0)
        return is_wrong_for_tcmalloc(findings, variable);
    return strcmp(allocator, "mimalloc") == 0 && is_wrong_for_mimalloc(findings, variable);
}

static void tell_of_read(struct findings *findings, const struct variable *variable,
                         const char *allocator)
{
    finding(findings, LEVEL_OK, "%s=\"%s\" is read by %s when it starts.", variable->name,
            variable->value, allocator);
    meaning(findings, "it applies to all of zmalloc's memory.");
    advice(findings, NOTHING_TO_DO);
}

static void tell_of_foreign(struct findings *findings, const struct surroundings *around,
                            const struct variable *variable)
{
    finding(findings, LEVEL_OK, "%s=\"%s\" is read by %s, the malloc of the process.",
            variable->name, variable->value, around->foreign_malloc);
    meaning(findings, "it applies to what does not come from zmalloc%s.",
            is_over_malloc(around) ? ", and to what does" : "");
    advice(findings, NOTHING_TO_DO);
}

void examine_allocators(struct findings *findings, const struct surroundings *around,
                        const struct variable *variable, const char *allocator)
{
    bool serves = strcmp(around->chosen, allocator) == 0;
    bool is_malloc = is_malloc_of(around, allocator);

    if (!serves && !is_malloc)
        tell_of_idle(findings, around, variable, allocator);
    else if (serves && strcmp(allocator, "tcmalloc") == 0 && leaves_nothing(variable))
        tell_of_no_memory(findings, variable);
    else if (is_wrong(findings, variable, allocator))
        return;
    else if (serves && is_malloc)
        tell_of_double(findings, variable, allocator);
    else if (serves)
        tell_of_read(findings, variable, allocator);
    else
        tell_of_foreign(findings, around, variable);
}
