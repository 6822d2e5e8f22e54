/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Shows what a program sees of the choice: does what its arguments say, one after the other, and
 * prints a line for each.
 *
 *   name           the active backend; "?" if zmalloc_lib() and the version do not match it
 *   init LIST      zmalloc_init(LIST); - is NULL
 *   setenv LIST    sets ZMALLOC_BACKEND
 *   locale         switches to the language that the environment asks for
 *   alloc          allocates a block and frees it
 *   race           the first block of 64 threads at once
 *   race-init L:M  zmalloc_init() of 64 threads at once, each with one of the lists
 *   states         the known backends with their states
 *   fail RULES     zmalloc_fail(RULES); - is NULL
 *   secure         whether the system runs it in secure mode
 *   hold SIZE      keeps a block, in place of the last one
 *   report FORM    zmalloc_stats_json() or its like
 *   fork           continues in a forked child only, and ends with its status
 *   exit STATUS    exit(STATUS); also _exit STATUS
 *   protection HEX the protection of the page that far into the file of zmalloc()
 */

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zmalloc_fail.h"

/* The leak sanitizer may not inspect a set-user-ID process, and would end it. */
#ifdef LEAKS_ARE_FINE
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

#define RACERS 64
#define LISTS_MAX 16

static const char *error_name(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {{ENOENT, "ENOENT"}, {ENOTSUP, "ENOTSUP"}, {EBUSY, "EBUSY"},
                 {EINVAL, "EINVAL"}, {ENOEXEC, "ENOEXEC"}, {ENOSPC, "ENOSPC"}};
    static char number[16];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error)
            return names[i].name;
    snprintf(number, sizeof number, "%d", error);
    return number;
}

/* "NAME-VERSION", where VERSION is the first word of the version. */
static bool library_name_fits(void)
{
    const char *version = zmalloc_backend_version();
    size_t length = strlen(zmalloc_backend_name());
    const char *library = ZMALLOC_LIB;

    return strncmp(library, zmalloc_backend_name(), length) == 0 && library[length] == '-' &&
           strlen(library + length + 1) == strcspn(version, " ,") &&
           strncmp(library + length + 1, version, strcspn(version, " ,")) == 0;
}

static void print_name(void)
{
    puts(library_name_fits() ? zmalloc_backend_name() : "?");
}

/* Calls a function that takes a text, or NULL for -, and returns 0 or -1. */
static void print_result(int (*function)(const char *), const char *text)
{
    errno = 0;
    if (function(strcmp(text, "-") == 0 ? NULL : text) == 0)
        puts("0");
    else
        puts(error_name(errno));
}

static void allocate(void)
{
    void *volatile block = zmalloc(100);

    zfree(block);
}

/* ---- Races ---- */

struct racer {
    pthread_t thread;
    const char *list; /* of this thread; NULL: it just allocates */
    int result;
    int error;
    const char *name;
    void *block;
};

static pthread_barrier_t barrier;

static void *run_race(void *argument)
{
    struct racer *racer = argument;

    pthread_barrier_wait(&barrier);
    if (racer->list != NULL) {
        racer->result = zmalloc_init(racer->list);
        racer->error = errno;
    }
    racer->block = zmalloc(100);
    racer->name = zmalloc_backend_name();
    return NULL;
}

/* Every thread must be on the same backend and have been told so. */
static bool racer_is_right(const struct racer *racer)
{
    if (strcmp(racer->name, zmalloc_backend_name()) != 0)
        return false;
    if (racer->list == NULL)
        return true;
    if (strcmp(racer->list, racer->name) == 0)
        return racer->result == 0;
    return racer->result == -1 && racer->error == EBUSY;
}

/* Uses the given lists in turn. */
static void race(const char *const *lists, size_t count)
{
    static struct racer racers[RACERS];
    size_t used = 0;
    bool right = true;

    pthread_barrier_init(&barrier, NULL, RACERS);
    for (size_t i = 0; i < RACERS; i++) {
        racers[i].list = count > 0 ? lists[i % count] : NULL;
        if (pthread_create(&racers[i].thread, NULL, run_race, &racers[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        right = right && racer_is_right(&racers[i]);
        used += zmalloc_size(racers[i].block);
    }
    right = right && zmalloc_used_memory() == used;
    for (size_t i = 0; i < RACERS; i++)
        zfree(racers[i].block);
    puts(right && zmalloc_used_memory() == 0 ? "one" : "several");
}

static void race_init(char *lists)
{
    const char *each[LISTS_MAX];
    size_t count = 0;

    for (char *list = strtok(lists, ":"); list != NULL && count < LISTS_MAX;
         list = strtok(NULL, ":"))
        each[count++] = list;
    race(each, count);
}

/* ---- States ---- */

static void print_states(void)
{
    static const char *const names[] = {"built in", "loadable", "not built", "broken"};
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        printf("%s: %s%s%s\n", info.name, names[info.state], *info.why != '\0' ? ", " : "",
               info.why);
}

/* ---- The process ---- */

/* "r--p" or what else /proc says of the page at the address. */
static void print_protection_at(uintptr_t address)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    uintptr_t begin;
    uintptr_t end;
    char permissions[8];
    char rest[512];

    if (maps == NULL)
        abort();
    while (fscanf(maps, "%" SCNxPTR "-%" SCNxPTR " %7s%511[^\n]", &begin, &end, permissions,
                  rest) == 4)
        if (address >= begin && address < end)
            puts(permissions);
    fclose(maps);
}

static void print_protection(const char *offset)
{
    Dl_info info;

    if (dladdr(dlsym(RTLD_DEFAULT, "zml_zmalloc"), &info) == 0)
        abort();
    print_protection_at((uintptr_t)info.dli_fbase + (uintptr_t)strtoull(offset, NULL, 16));
}

/* ---- Ends ---- */

static void hold(const char *size)
{
    static void *held;

    zfree(held);
    held = zmalloc(strtoul(size, NULL, 10));
}

static void report(const char *form)
{
    char text[8192] = "?";

    if (strcmp(form, "json") == 0)
        zmalloc_stats_json(text, sizeof text);
    else if (strcmp(form, "text") == 0)
        zmalloc_stats_text(text, sizeof text);
    else if (strcmp(form, "prometheus") == 0)
        zmalloc_stats_prometheus(text, sizeof text);
    puts(text);
}

static void go_on_in_child(void)
{
    pid_t child = fork();
    int status;

    if (child < 0)
        abort();
    if (child == 0)
        return;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        abort();
    exit(WEXITSTATUS(status));
}

static bool obey_alone(const char *verb)
{
    if (strcmp(verb, "name") == 0)
        print_name();
    else if (strcmp(verb, "locale") == 0)
        setlocale(LC_ALL, "");
    else if (strcmp(verb, "alloc") == 0)
        allocate();
    else if (strcmp(verb, "race") == 0)
        race(NULL, 0);
    else if (strcmp(verb, "fork") == 0)
        go_on_in_child();
    else if (strcmp(verb, "states") == 0)
        print_states();
    else if (strcmp(verb, "secure") == 0)
        puts(getauxval(AT_SECURE) != 0 ? "secure" : "not secure");
    else
        return false;
    return true;
}

static bool obey(const char *verb, char *object)
{
    if (strcmp(verb, "init") == 0)
        print_result(zmalloc_init, object);
    else if (strcmp(verb, "fail") == 0)
        print_result(zmalloc_fail, object);
    else if (strcmp(verb, "setenv") == 0)
        setenv("ZMALLOC_BACKEND", object, 1);
    else if (strcmp(verb, "hold") == 0)
        hold(object);
    else if (strcmp(verb, "report") == 0)
        report(object);
    else if (strcmp(verb, "exit") == 0)
        exit(atoi(object));
    else if (strcmp(verb, "_exit") == 0)
        _exit(atoi(object));
    else if (strcmp(verb, "race-init") == 0)
        race_init(object);
    else if (strcmp(verb, "protection") == 0)
        print_protection(object);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 1; i < argc; i++) {
        if (obey_alone(argv[i]))
            continue;
        if (i + 1 == argc || !obey(argv[i], argv[i + 1])) {
            fprintf(stderr, "chosen: what is %s?\n", argv[i]);
            return EXIT_FAILURE;
        }
        i++;
    }
    return EXIT_SUCCESS;
}
