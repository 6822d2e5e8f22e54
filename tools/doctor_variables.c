/* SPDX-License-Identifier: BSD-3-Clause */

/* The variables that allocators and the library read: what each does, and to whom. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "text.h"
#include "verb.h"

/* What a variable is read in. */
struct surroundings {
    const char *chosen;         /* the backend that serves; "" where none does */
    const char *foreign_malloc; /* whose malloc it is where not the C library's, else "" */
};

struct variable {
    char *name;
    const char *value;
};

/* Whether the process's malloc is that allocator's. */
static bool is_malloc_of(const struct surroundings *around, const char *allocator)
{
    return strstr(around->foreign_malloc, allocator) != NULL;
}

static bool is_over_malloc(const struct surroundings *around)
{
    return strcmp(around->chosen, "libc") == 0 || strcmp(around->chosen, "native") == 0;
}

static const char *or_nothing(const char *name)
{
    return *name != '\0' ? name : "nothing";
}

/* ---- jemalloc, tcmalloc, mimalloc ---- */

static void tell_of_idle(struct findings *findings, const struct surroundings *around,
                         const struct variable *variable, const char *allocator)
{
    finding(findings, LEVEL_WARNING, "%s=\"%s\" is set, but %s does not serve.", variable->name,
            variable->value, allocator);
    meaning(findings,
            "zmalloc's memory comes from %s, which does not read it; only a program that "
            "is linked with %s by itself does.",
            or_nothing(around->chosen), allocator);
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

/* tcmalloc of gperftools; the backend takes the break from it. */
static bool leaves_nothing(const struct variable *variable, const char *allocator)
{
    return strcmp(allocator, "tcmalloc") == 0 &&
           strcmp(variable->name, "TCMALLOC_SKIP_MMAP") == 0 &&
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

static void tell_of_read(struct findings *findings, const struct variable *variable,
                         const char *allocator)
{
    finding(findings, LEVEL_OK, "%s=\"%s\" is read by %s when it starts.", variable->name,
            variable->value, allocator);
    meaning(findings, "it applies to all of zmalloc's memory. What the allocator does not "
                      "understand it tells on stderr, and goes on.");
    advice(findings, NOTHING_TO_DO);
}

static void tell_of_allocators(struct findings *findings, const struct surroundings *around,
                               const struct variable *variable, const char *allocator)
{
    bool serves = strcmp(around->chosen, allocator) == 0;
    bool is_malloc = is_malloc_of(around, allocator);

    if (serves && leaves_nothing(variable, allocator)) {
        tell_of_no_memory(findings, variable);
    } else if (serves && is_malloc) {
        tell_of_double(findings, variable, allocator);
    } else if (serves) {
        tell_of_read(findings, variable, allocator);
    } else if (!is_malloc) {
        tell_of_idle(findings, around, variable, allocator);
    } else {
        finding(findings, LEVEL_OK, "%s=\"%s\" is read by %s, the malloc of the process.",
                variable->name, variable->value, around->foreign_malloc);
        meaning(findings, "it applies to what does not come from zmalloc%s.",
                is_over_malloc(around) ? ", and to what does" : "");
        advice(findings, NOTHING_TO_DO);
    }
}

/* ---- The C library's ---- */

static const struct {
    const char *name;
    const char *means;
} of_glibc[] = {
    {"MALLOC_ARENA_MAX", "at most so many arenas: less memory, and more threads that wait for one"},
    {"MALLOC_ARENA_TEST", "from so many arenas on their number is limited"},
    {"MALLOC_MMAP_MAX_", "at most so many blocks come from mmap"},
    {"MALLOC_MMAP_THRESHOLD_", "blocks of so many bytes come from mmap, and go back when freed; "
                               "the threshold no longer adapts itself"},
    {"MALLOC_TOP_PAD_", "so many bytes more are taken from the system each time"},
    {"MALLOC_TRIM_THRESHOLD_", "so many free bytes at the top of the heap are kept; the mmap "
                               "threshold no longer adapts itself"},
    {"MALLOC_PERTURB_", "every block is filled when it is allocated and freed, which is for "
                        "debugging, and slow"},
    {"MALLOC_CHECK_", "heap checks, since glibc 2.34 only with libc_malloc_debug.so.0 in "
                      "LD_PRELOAD"},
    {"MALLOC_TRACE", "the file that mtrace() writes to, since glibc 2.34 only with "
                     "libc_malloc_debug.so.0 in LD_PRELOAD"},
};

#define OF_GLIBC (sizeof of_glibc / sizeof *of_glibc)

static const char *meaning_in_glibc(const char *name)
{
    for (size_t i = 0; i < OF_GLIBC; i++)
        if (strcmp(of_glibc[i].name, name) == 0)
            return of_glibc[i].means;
    return NULL;
}

static void tell_of_unknown_to_glibc(struct findings *findings, const struct variable *variable)
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

static void tell_of_glibc(struct findings *findings, const struct surroundings *around,
                          const struct variable *variable)
{
    const char *means = meaning_in_glibc(variable->name);
    bool is_slow = strcmp(variable->name, "MALLOC_PERTURB_") == 0;

    if (means == NULL) {
        tell_of_unknown_to_glibc(findings, variable);
        return;
    }
    if (*around->foreign_malloc != '\0') {
        tell_of_replaced(findings, around, variable);
        return;
    }
    finding(findings, is_slow ? LEVEL_WARNING : LEVEL_NOTE,
            "%s=\"%s\" is read by the malloc of the C library.", variable->name, variable->value);
    meaning(findings, "%s. %s", means, whom_it_acts_on(around));
    advice(findings, is_slow ? "unset it in production." : "nothing, if that is meant.");
}

static void tell_of_tunables(struct findings *findings, const struct surroundings *around,
                             const struct variable *variable)
{
    if (strstr(variable->value, "glibc.malloc.") == NULL) {
        finding(findings, LEVEL_OK, "GLIBC_TUNABLES=\"%s\" has nothing for malloc.",
                variable->value);
        meaning(findings, "it sets up other parts of the C library "
                          "(glibc.rtld.optional_static_tls lets libzmalloc be opened late).");
        advice(findings, NOTHING_TO_DO);
        return;
    }
    if (*around->foreign_malloc != '\0') {
        tell_of_replaced(findings, around, variable);
        return;
    }
    finding(findings, LEVEL_NOTE, "GLIBC_TUNABLES=\"%s\" sets up the malloc of the C library.",
            variable->value);
    meaning(findings,
            "%s A name that it does not know is passed over in silence (see "
            "`ld.so --list-tunables`).",
            whom_it_acts_on(around));
    advice(findings, "nothing, if that is meant.");
}

/* ---- The dynamic linker's ---- */

static void tell_of_preloaded(struct findings *findings, const struct surroundings *around,
                              const struct variable *variable)
{
    if (strstr(variable->value, "libzmalloc.so") != NULL) {
        finding(findings, LEVEL_WARNING, "LD_PRELOAD has libzmalloc.so in it.");
        meaning(findings, "the library defines no malloc(): a program that is not written for it "
                          "does not begin to use it, and one that is loads it anyway.");
        advice(findings, "take it out.");
        return;
    }
    finding(findings, LEVEL_NOTE, "LD_PRELOAD=\"%s\" is loaded into every program.",
            variable->value);
    if (*around->foreign_malloc != '\0')
        meaning(findings,
                "the malloc of the process is that of %s. Programs in secure mode are "
                "without it.",
                around->foreign_malloc);
    else
        meaning(findings, "none of it has taken over malloc().");
    advice(findings, "nothing, if that is meant.");
}

/* ---- Ours ---- */

static bool is_form(const char *value)
{
    static const char *const forms[] = {"text", "json", "prometheus"};
    size_t length = strcspn(value, ":");

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (length == strlen(forms[i]) && strncmp(value, forms[i], length) == 0)
            return true;
    return false;
}

static void tell_of_stats(struct findings *findings, const struct variable *variable)
{
    if (!is_form(variable->value)) {
        finding(findings, LEVEL_WARNING, "ZMALLOC_STATS=\"%s\" is no form of a report.",
                variable->value);
        meaning(findings, "a program that uses zmalloc says so when it starts, and writes none.");
        advice(findings, "make it text, json or prometheus; to write to a file, with :FILE behind "
                         "it.");
        return;
    }
    finding(findings, LEVEL_NOTE, "ZMALLOC_STATS=\"%s\" has every process write a report.",
            variable->value);
    meaning(findings, "it is written at exit, by forked children that exit as well, and not by "
                      "those that end by a signal or by _exit().");
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

/* What begins alike is not near for that alone. */
static void tell_of_unknown_to_us(struct findings *findings, const struct variable *variable)
{
    static const char *const ours[] = {"BACKEND", "DEBUG", "FAIL", "STATS", NULL};
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
        tell_of_allocators(findings, around, variable, "jemalloc");
    else if (text_begins_with(name, "MIMALLOC_"))
        tell_of_allocators(findings, around, variable, "mimalloc");
    else if (text_begins_with(name, "TCMALLOC_"))
        tell_of_allocators(findings, around, variable, "tcmalloc");
    else if (text_begins_with(name, "MALLOC_"))
        tell_of_glibc(findings, around, variable);
    else if (strcmp(name, "GLIBC_TUNABLES") == 0)
        tell_of_tunables(findings, around, variable);
    else if (strcmp(name, "LD_PRELOAD") == 0)
        tell_of_preloaded(findings, around, variable);
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
    };
    bool told = false;

    findings_group(findings, "Variables");
    for (char **entry = environ; *entry != NULL; entry++)
        told |= tell_of_entry(findings, &around, *entry);
    if (told)
        return;
    finding(findings, LEVEL_OK, "No variable of an allocator is set.");
    meaning(findings, "each starts as its authors meant it to.");
    advice(findings, NOTHING_TO_DO);
}
