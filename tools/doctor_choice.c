/* SPDX-License-Identifier: BSD-3-Clause */

/* Which backend serves, and why not another. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "text.h"
#include "verb.h"

#define NAMES_MAX 32

const char *chosen_name(const struct backends *backends)
{
    const char *name = probe_text(backends->by_environment.facts, "backend", "name");

    return name != NULL ? backend_without_layers(name) : NULL;
}

/* The known name that a wrong one was probably meant to be. */
static const char *meant_by(const struct backends *backends, const char *name)
{
    const char *names[NAMES_MAX + 1] = {NULL};

    for (size_t i = 0; i < backends->count && i < NAMES_MAX; i++)
        names[i] = backends->rows[i].name;
    return nearest(name, names);
}

/* The names of what can start, with commas between them. The caller frees it. */
static char *names_that_start(const struct backends *backends)
{
    char *names = text_format("%s", "");

    for (size_t i = 0; i < backends->count; i++) {
        char *longer;

        if (backends->rows[i].facts == NULL)
            continue;
        longer = text_format("%s%s%s", names, *names != '\0' ? ", " : "", backends->rows[i].name);
        free(names);
        names = longer;
    }
    return names;
}

/* ---- What cannot be had ---- */

static void tell_of_refusal(struct findings *findings, const struct backends *backends)
{
    char *names = names_that_start(backends);

    finding(findings, LEVEL_WARNING, "Nothing can serve: %s", backends->by_environment.trouble);
    meaning(findings, "a program that uses zmalloc ends when it starts, with status 78 and this "
                      "line, as it does for each element of the list that fails.");
    advice(findings,
           "name a backend that can start (%s), unset the variable, or put right what "
           "the line complains of.",
           names);
    free(names);
}

static const char *trouble_with(const struct backend *row)
{
    if (row == NULL)
        return "unknown backend";
    return row->why != NULL ? row->why : "it can, but not with the layers that it names";
}

static void tell_of_element(struct findings *findings, const struct backends *backends,
                            const char *name)
{
    const struct backend *row = backends_find(backends, name);
    const char *meant = row == NULL ? meant_by(backends, name) : NULL;
    const char *served = chosen_name(backends);

    finding(findings, LEVEL_WARNING, "ZMALLOC_BACKEND names \"%s\", which cannot be had: %s", name,
            trouble_with(row));
    if (served != NULL)
        meaning(findings, "the list goes on, and %s serves in its place.", served);
    else
        meaning(findings, "this element of the list is of no use.");
    if (meant != NULL)
        advice(findings, "write %s if that was meant, or take it out of the list.", meant);
    else
        advice(findings, "put right what it complains of, or take it out of the list.");
}

/* The elements that were tried: up to the one that serves. */
static void tell_of_elements(struct findings *findings, const struct backends *backends)
{
    const char *value = getenv("ZMALLOC_BACKEND");
    const char *served = chosen_name(backends);
    bool done = false;
    char *name;

    while (value != NULL && !done && (name = backend_next_named(&value)) != NULL) {
        const struct backend *row = backends_find(backends, name);

        done = served != NULL && strcmp(served, name) == 0;
        /* Where nothing serves a layer may be to blame, which has been told. */
        if (!done && (served != NULL || row == NULL || row->facts == NULL))
            tell_of_element(findings, backends, name);
        free(name);
    }
}

/* ---- What can ---- */

static const char *reason_of(const char *by)
{
    if (strcmp(by, "ZMALLOC_BACKEND") == 0)
        return "the variable decides, whatever a program asks for with zmalloc_init(); it is "
               "ignored by programs in secure mode (set-user-ID and the like).";
    return "nothing is set, so the default of the build decides, for programs that ask for nothing "
           "else with zmalloc_init().";
}

static void tell_of_choice(struct findings *findings, const struct backends *backends)
{
    const json_t *facts = backends->by_environment.facts;
    const char *by = probe_text(facts, "choice", "by");
    const char *value = probe_text(facts, "choice", "value");

    if (by == NULL || value == NULL)
        return;
    finding(findings, LEVEL_OK, "%s %s (%s) serves, chosen by %s=\"%s\".",
            probe_text(facts, "backend", "name"), probe_text(facts, "backend", "version"),
            probe_text(facts, "backend", "origin"), by, value);
    meaning(findings, "%s", reason_of(by));
    if (strcmp(by, "ZMALLOC_BACKEND") == 0)
        advice(findings, NOTHING_TO_DO);
    else
        advice(findings, "set ZMALLOC_BACKEND to try another; `zmalloc list` shows which there "
                         "are.");
}

/* What is not mere talk, as an allocator makes that was asked to be verbose. */
static bool is_complaint(const char *line)
{
    static const char *const words[] = {"invalid", "error:", "cannot"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(line, words[i]) != NULL)
            return true;
    return false;
}

static void tell_of_line(struct findings *findings, const char *line)
{
    if (!is_complaint(line))
        return;
    finding(findings, LEVEL_WARNING, "A program that starts now writes to stderr: %s", line);
    meaning(findings, "the allocator, or the dynamic linker, has found something wrong in its "
                      "variables. As a rule it goes on without.");
    advice(findings, "put the variable right.");
}

/* The allocator, a layer and the dynamic linker may write although all went well. */
static void tell_of_complaints(struct findings *findings, const struct probe *probe)
{
    const char *text = probe->facts != NULL ? probe->complaint : "";

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char *line = text_format("%.*s", (int)length, text);

        tell_of_line(findings, line);
        free(line);
        text += length + (text[length] == '\n');
    }
}

/* ---- The others ---- */

/* Those that the environment names were spoken of. */
static bool is_named(const char *wanted)
{
    const char *value = getenv("ZMALLOC_BACKEND");
    bool found = false;
    char *name;

    while (value != NULL && !found && (name = backend_next_named(&value)) != NULL) {
        found = strcmp(name, wanted) == 0;
        free(name);
    }
    return found;
}

static void tell_of_broken(struct findings *findings, const struct backend *row)
{
    finding(findings, LEVEL_NOTE, "%s cannot be had: %s", row->name, row->why);
    meaning(findings, "nothing, as long as nobody chooses it: a program that does ends with "
                      "status 78.");
    if (text_begins_with(row->why, "not installed"))
        advice(findings, "install the module (it belongs into the folder zmalloc-1 beside "
                         "libzmalloc.so.1), or nothing.");
    else
        advice(findings, "put right what it complains of; reinstall the module and the allocator's "
                         "library if they do not fit together.");
}

void examine_choice(struct findings *findings, const struct backends *backends)
{
    findings_group(findings, "The choice");
    if (backends->by_environment.facts == NULL)
        tell_of_refusal(findings, backends);
    else
        tell_of_choice(findings, backends);
    tell_of_elements(findings, backends);
    tell_of_complaints(findings, &backends->by_environment);
    for (size_t i = 0; i < backends->count; i++)
        if (backends->rows[i].state == BACKEND_BROKEN && !is_named(backends->rows[i].name))
            tell_of_broken(findings, &backends->rows[i]);
}
