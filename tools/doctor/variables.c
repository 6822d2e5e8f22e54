/* SPDX-License-Identifier: BSD-3-Clause */

/* The variables that allocators and the library read: what each does, and to whom. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/doctor.h"
#include "program.h"
#include "stats/report_request.h"
#include "text.h"
#include "verb.h"

/* ---- The dynamic linker's ---- */

/*
 * Why the linker does not load an element of LD_PRELOAD, as it says itself: "object 'ELEMENT' from
 * LD_PRELOAD cannot be preloaded (REASON): ignored." The caller frees it; NULL where it does.
 */
static char *refusal_of(const char *complaint, const char *element)
{
    char *words = text_format("object '%s' from LD_PRELOAD cannot be preloaded (", element);
    const char *reason = strstr(complaint, words);
    const char *end;
    char *copy = NULL;

    if (reason != NULL) {
        reason += strlen(words);
        end = strstr(reason, "): ");
        copy = text_format("%.*s", (int)(end != NULL ? (size_t)(end - reason) : 0), reason);
    }
    free(words);
    return copy;
}

static void tell_of_refused(struct findings *findings, const char *element, const char *why)
{
    finding(findings, LEVEL_WARNING, "LD_PRELOAD names \"%s\", which cannot be loaded: %s.",
            element, why);
    meaning(findings, "every program goes on without it, and the dynamic linker complains of it on "
                      "stderr each time.");
    advice(findings, "put the path right, or take it out.");
}

static void tell_of_ourselves_preloaded(struct findings *findings)
{
    finding(findings, LEVEL_WARNING, "LD_PRELOAD has libzmalloc.so in it.");
    meaning(findings, "the library defines no malloc(): a program that is not written for it "
                      "does not begin to use it, and one that is loads it anyway.");
    advice(findings, "take it out.");
}

static void tell_of_loaded(struct findings *findings, const struct surroundings *around,
                           const char *element)
{
    finding(findings, LEVEL_NOTE, "LD_PRELOAD has \"%s\", which is loaded into every program.",
            element);
    if (*around->foreign_malloc != '\0')
        meaning(findings,
                "the malloc of the process is that of %s. Programs in secure mode are "
                "without it.",
                around->foreign_malloc);
    else
        meaning(findings, "it has not taken over malloc().");
    advice(findings, "nothing, if that is meant.");
}

static void examine_preloaded(struct findings *findings, const struct surroundings *around,
                              const char *element)
{
    char *refusal = refusal_of(around->complaint, element);

    if (refusal != NULL)
        tell_of_refused(findings, element, refusal);
    else if (strstr(element, "libzmalloc.so") != NULL)
        tell_of_ourselves_preloaded(findings);
    else
        tell_of_loaded(findings, around, element);
    free(refusal);
}

/* Between its elements there are blanks or colons. */
static void tell_of_preload(struct findings *findings, const struct surroundings *around,
                            const char *value)
{
    while (*(value += strspn(value, " :")) != '\0') {
        size_t length = strcspn(value, " :");
        char *element = text_format("%.*s", (int)length, value);

        examine_preloaded(findings, around, element);
        free(element);
        value += length;
    }
}

/* ---- Ours ---- */

static void tell_of_wrong_stats(struct findings *findings, const struct variable *variable,
                                const char *why, const char *meant)
{
    finding(findings, LEVEL_WARNING, "ZMALLOC_STATS=\"%s\" asks for no report: %s.",
            variable->value, why);
    meaning(findings, "a program that uses zmalloc says so when it starts, and writes none.");
    if (meant != NULL)
        advice(findings, "make it %s, if that is meant.", meant);
    else
        advice(findings, "make it [signal:NAME,]FORM[:FILE], with text, json or prometheus as "
                         "FORM.");
}

static void tell_of_stats(struct findings *findings, const struct variable *variable)
{
    struct zm_report_request request;
    const char *meant;
    const char *why = zm_report_read(variable->value, &request, &meant);

    if (why != NULL) {
        tell_of_wrong_stats(findings, variable, why, meant);
        return;
    }
    finding(findings, LEVEL_NOTE, "ZMALLOC_STATS=\"%s\" has every process write a report.",
            variable->value);
    meaning(findings,
            "it is written at exit and at the end by a signal that the program does not "
            "handle, by forked children as well, and not at _exit() or by SIGKILL.%s",
            request.signal.number != 0 ? " Another is written whenever the signal comes." : "");
    advice(findings, "nothing, if that is meant.");
}

static void tell_of_debug(struct findings *findings, const struct variable *variable)
{
    finding(findings, LEVEL_NOTE, "ZMALLOC_DEBUG=\"%s\" puts the layer debug over every backend.",
            variable->value);
    meaning(findings, "each block is checked for misuse, which takes time and memory; the first "
                      "error that is found ends the program.");
    advice(findings, "unset it where speed matters.");
}

static void tell_of_fail(struct findings *findings, const struct variable *variable)
{
    finding(findings, LEVEL_WARNING, "ZMALLOC_FAIL=\"%s\" lets requests for memory fail.",
            variable->value);
    meaning(findings, "it is for tests: where a rule says so, there is no memory.");
    advice(findings, "unset it in production.");
}

/* A wrong one lets nothing serve, which choice.c tells. */
static void tell_of_limit(struct findings *findings, const struct variable *variable)
{
    finding(findings, LEVEL_NOTE, "ZMALLOC_LIMIT=\"%s\" limits the memory of every process.",
            variable->value);
    meaning(findings, "each process has the limits for itself, unless its program changes them. "
                      "Requests beyond a hard limit fail; a soft one only asks programs to free "
                      "memory.");
    advice(findings, "nothing, if that is meant.");
}

/* What begins alike is not near for that alone. */
static void tell_of_unknown_to_us(struct findings *findings, const struct variable *variable)
{
    static const char *const ours[] = {"BACKEND", "DEBUG", "FAIL", "LIMIT", "STATS", NULL};
    const char *meant = nearest(variable->name + strlen("ZMALLOC_"), ours);

    if (meant == NULL) {
        finding(findings, LEVEL_NOTE, "%s is set, which the library does not read.",
                variable->name);
        meaning(findings, "something else may.");
        advice(findings, "nothing, or unset it.");
        return;
    }
    finding(findings, LEVEL_WARNING, "%s is set, which nothing reads.", variable->name);
    meaning(findings, "the nearest name that the library knows is ZMALLOC_%s.", meant);
    advice(findings, "put the name right, or unset it.");
}

static void tell_of_ours(struct findings *findings, const struct variable *variable)
{
    if (strcmp(variable->name, "ZMALLOC_STATS") == 0)
        tell_of_stats(findings, variable);
    else if (strcmp(variable->name, "ZMALLOC_DEBUG") == 0)
        tell_of_debug(findings, variable);
    else if (strcmp(variable->name, "ZMALLOC_FAIL") == 0)
        tell_of_fail(findings, variable);
    else if (strcmp(variable->name, "ZMALLOC_LIMIT") == 0)
        tell_of_limit(findings, variable);
    else
        tell_of_unknown_to_us(findings, variable);
}

/* ---- All ---- */

/* ZMALLOC_BACKEND belongs to the choice. */
static bool tell_of(struct findings *findings, const struct surroundings *around,
                    const struct variable *variable)
{
    const char *name = variable->name;

    if (strcmp(name, "MALLOC_CONF") == 0)
        examine_allocators(findings, around, variable, "jemalloc");
    else if (text_begins_with(name, "MIMALLOC_"))
        examine_allocators(findings, around, variable, "mimalloc");
    else if (text_begins_with(name, "TCMALLOC_"))
        examine_allocators(findings, around, variable, "tcmalloc");
    else if (text_begins_with(name, "MALLOC_"))
        examine_glibc(findings, around, variable);
    else if (strcmp(name, "GLIBC_TUNABLES") == 0)
        examine_tunables(findings, around, variable);
    else if (strcmp(name, "LD_PRELOAD") == 0)
        tell_of_preload(findings, around, variable->value);
    else if (text_begins_with(name, "ZMALLOC_") && strcmp(name, "ZMALLOC_BACKEND") != 0)
        tell_of_ours(findings, variable);
    else
        return false;
    return true;
}

/* An empty one is as good as none. */
static bool tell_of_entry(struct findings *findings, const struct surroundings *around,
                          const char *entry)
{
    size_t length = strcspn(entry, "=");
    struct variable variable;
    bool told;

    if (entry[length] == '\0' || entry[length + 1] == '\0')
        return false;
    variable.name = text_format("%.*s", (int)length, entry);
    variable.value = entry + length + 1;
    told = tell_of(findings, around, &variable);
    free(variable.name);
    return told;
}

void examine_variables(struct findings *findings, const struct backends *backends)
{
    const char *chosen = chosen_name(backends);
    const char *foreign = foreign_malloc(backends);
    struct surroundings around = {
        .chosen = chosen != NULL ? chosen : "",
        .foreign_malloc = foreign != NULL ? foreign : "",
        .complaint = backends->by_environment.complaint,
    };
    char *tunables = loader_tunables();
    bool told = false;

    around.tunables = tunables;
    findings_group(findings, "variables", "Variables");
    for (char **entry = environ; *entry != NULL; entry++)
        told |= tell_of_entry(findings, &around, *entry);
    free(tunables);
    if (told)
        return;
    finding(findings, LEVEL_OK, "No variable of an allocator is set.");
    meaning(findings, "each starts as its authors meant it to.");
    advice(findings, NOTHING_TO_DO);
}
