/* SPDX-License-Identifier: BSD-3-Clause */

/* Which backend serves, and why not another; and whose malloc() the process has beside it. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "program.h"
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

/* ---- What is not usable ---- */

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

    finding(findings, LEVEL_WARNING, "ZMALLOC_BACKEND names \"%s\", which is not usable: %s", name,
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
    is_the_answer(findings);
}

/* From 3.2 on; backends/mimalloc.c has what can be done about it. */
static bool may_hang_in_a_child(const char *name, const char *version)
{
    char *rest = NULL;
    long major = strcmp(name, "mimalloc") == 0 && version != NULL ? strtol(version, &rest, 10) : 0;

    return major > 3 || (major == 3 && *rest == '.' && strtol(rest + 1, NULL, 10) >= 2);
}

static void tell_of_fork(struct findings *findings, const struct backends *backends)
{
    const char *name = chosen_name(backends);
    const char *version = probe_text(backends->by_environment.facts, "backend", "version");

    if (name == NULL || !may_hang_in_a_child(name, version))
        return;
    finding(findings, LEVEL_WARNING, "mimalloc %s is not made for threads in a forked child.",
            version);
    meaning(findings,
            "it takes locks where a thread begins to allocate and where it ends, and does "
            "not see to them when the process forks: a child of a program with threads "
            "that makes a thread, and does not exec, may hang.");
    advice(findings, "nothing for a program that forks only to exec, or whose children make no "
                     "threads; else another backend, or mimalloc 2.");
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
    /* Those of LD_PRELOAD are told of with the variable. */
    if (!is_complaint(line) || strstr(line, "from LD_PRELOAD cannot be preloaded") != NULL)
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

/* ---- libc and Valgrind ---- */

/* Pointers that a program has to its blocks are behind the prefix, inside what malloc gave. */
static void tell_of_valgrind(struct findings *findings)
{
    char *valgrind = path_find("valgrind");

    if (valgrind == NULL)
        return;
    finding(findings, LEVEL_NOTE,
            "Under Valgrind live blocks of libc are \"possibly lost\" (there is %s).", valgrind);
    meaning(findings, "memcheck looks for pointers to where malloc's block begins; the program's "
                      "point behind the prefix of 16 bytes that libc has there.");
    advice(findings, "look for leaks with ZMALLOC_BACKEND=native valgrind ..., which has no "
                     "prefix; or with ZMALLOC_DEBUG=leaks and no Valgrind.");
    free(valgrind);
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

/* A backend that is not installed is not an error. */
static void tell_of_absent(struct findings *findings, const struct backend *row)
{
    finding(findings, LEVEL_OK, "%s is %s", row->name, row->why);
    meaning(findings, "nothing, unless a program chooses it: that program ends with "
                      "status 78.");
    advice(findings, "nothing; or install the module (it belongs into the folder zmalloc-1 beside "
                     "libzmalloc.so.1).");
}

static void tell_of_broken(struct findings *findings, const struct backend *row)
{
    if (text_begins_with(row->why, "not installed")) {
        tell_of_absent(findings, row);
        return;
    }
    finding(findings, LEVEL_NOTE, "%s is not usable: %s", row->name, row->why);
    meaning(findings, "nothing, unless a program chooses it: that program ends with "
                      "status 78.");
    advice(findings,
           "fix what it complains about; reinstall the module and the allocator's library if they "
           "do not fit together.");
}

void examine_choice(struct findings *findings, const struct backends *backends)
{
    const char *served = chosen_name(backends);

    findings_group(findings, "choice", "The choice");
    if (backends->by_environment.facts == NULL)
        tell_of_refusal(findings, backends);
    else
        tell_of_choice(findings, backends);
    tell_of_elements(findings, backends);
    tell_of_fork(findings, backends);
    if (served != NULL && strcmp(served, "libc") == 0)
        tell_of_valgrind(findings);
    tell_of_complaints(findings, &backends->by_environment);
    for (size_t i = 0; i < backends->count; i++)
        if (backends->rows[i].state == BACKEND_BROKEN && !is_named(backends->rows[i].name))
            tell_of_broken(findings, &backends->rows[i]);
}

/* ---- The malloc of the process ---- */

/* The version of those backends that are the malloc of the process tells whose it is where it is not
 * the C library's. */
static const char *version_of_malloc(const struct backends *backends)
{
    const struct backend *row = backends_find(backends, "native");

    if (row == NULL || row->facts == NULL)
        row = backends_find(backends, "libc");
    return row != NULL ? probe_text(row->facts, "backend", "version") : NULL;
}

const char *foreign_malloc(const struct backends *backends)
{
    static const char words[] = "malloc of ";
    const char *version = version_of_malloc(backends);
    const char *at = version != NULL ? strstr(version, words) : NULL;

    return at != NULL ? at + strlen(words) : NULL;
}

static void tell_of_foreign(struct findings *findings, const char *file)
{
    finding(findings, LEVEL_NOTE, "malloc() is that of %s, not the C library's.", file);
    meaning(findings, "something that is loaded before the C library, by LD_PRELOAD as a rule, has "
                      "taken over malloc(). The backends libc and native are over it, and so is "
                      "all memory that does not come from zmalloc. The other backends do not "
                      "notice.");
    advice(findings, "nothing, if that is meant. To change what serves zmalloc use "
                     "ZMALLOC_BACKEND, which needs no LD_PRELOAD.");
}

void examine_malloc(struct findings *findings, const struct backends *backends)
{
    const char *version = version_of_malloc(backends);
    const char *file = foreign_malloc(backends);

    findings_group(findings, "malloc", "The malloc of the process");
    if (file != NULL) {
        tell_of_foreign(findings, file);
        return;
    }
    if (version == NULL) {
        finding(findings, LEVEL_NOTE, "Nobody says whose malloc() it is.");
        meaning(findings, "neither native nor libc starts, which would know.");
        advice(findings, "see why in `zmalloc list`.");
        return;
    }
    finding(findings, LEVEL_OK, "malloc() is the C library's (%s).", version);
    meaning(findings, "no library has taken it over; memory that does not come from zmalloc comes "
                      "from there, whatever the backend is.");
    advice(findings, NOTHING_TO_DO);
}
