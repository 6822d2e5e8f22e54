/* SPDX-License-Identifier: BSD-3-Clause */

/* Running a program with the layer sample, and finding the profile that it has left. */

#include "profile/profiled.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "profile/heap.h"
#include "program.h"
#include "text.h"
#include "verb.h"

static int make_folder(const struct verb *verb, struct profiled *profiled)
{
    const char *place = getenv("TMPDIR");

    snprintf(profiled->folder, sizeof profiled->folder, "%s/zmalloc-profile.XXXXXX",
             place != NULL && *place == '/' ? place : "/tmp");
    if (mkdtemp(profiled->folder) != NULL)
        return STATUS_FINE;
    complain(verb, "%s: %s", profiled->folder, strerror(errno));
    return STATUS_FAILURE;
}

static void for_each_profile(const struct profiled *profiled,
                             void (*function)(const char *path, void *argument), void *argument)
{
    DIR *listing = opendir(profiled->folder);
    struct dirent *entry;

    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        char *path = text_format("%s/%s", profiled->folder, entry->d_name);

        if (entry->d_name[0] != '.')
            function(path, argument);
        free(path);
    }
    if (listing != NULL)
        closedir(listing);
}

static void remove_profile(const char *path, void *argument)
{
    (void)argument;
    unlink(path);
}

void forget_profiled(struct profiled *profiled)
{
    for_each_profile(profiled, remove_profile, NULL);
    rmdir(profiled->folder);
    free(profiled->what);
}

/* ---- Running it ---- */

static void set_variable(const char *name, const char *value)
{
    if (value != NULL && setenv(name, value, 1) != 0)
        _exit(STATUS_FAILURE);
}

static void preload(const struct profile_options *options, const char *program)
{
    char *path = path_find(program);
    struct preloading preloading = preload_decide(path, options->preload);

    if (preloading.why_not != NULL)
        complain(options->verb, "zmalloc cannot serve %s: %s", program, preloading.why_not);
    if (preloading.library != NULL)
        set_variable("LD_PRELOAD", preload_variable(preloading.library));
    free_preloading(&preloading);
    free(path);
}

static _Noreturn void become(const struct profile_options *options, char **program,
                             const struct profiled *profiled)
{
    preload(options, *program);
    set_variable("ZMALLOC_BACKEND", options->backend);
    set_variable("ZMALLOC_SAMPLE",
                 text_format("%s,file=%s/%%p.heap", options->interval, profiled->folder));
    execvp(*program, program);
    _exit(cannot_execute(options->verb, *program, errno));
}

/* Ctrl-C is for the program; what it leaves behind then is shown. */
static int wait_for(pid_t child)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    int status = 0;

    sigaction(SIGINT, &ignore, &before);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    sigaction(SIGINT, &before, NULL);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- What it has left ---- */

/* The profile of the most bytes that were ever allocated. */
struct choice {
    struct profiled *profiled;
    int64_t most;
    size_t count;
};

static void consider(const char *path, void *argument)
{
    struct choice *choice = argument;
    struct heap_profile profile;
    struct heap_figures sum = {0};
    char *wrong = heap_read(path, &profile);

    free(wrong);
    for (size_t i = 0; i < profile.site_count; i++)
        heap_add(&sum, &profile.sites[i].figures, 1);
    heap_free(&profile);
    if (wrong == NULL && choice->count++ > 0 && sum.all_bytes <= choice->most)
        return;
    if (wrong == NULL) {
        choice->most = sum.all_bytes;
        snprintf(choice->profiled->path, sizeof choice->profiled->path, "%s", path);
    }
}

/* The number of the process that has written it, as a text. */
static char *process_of(const char *path)
{
    const char *name = strrchr(path, '/') + 1;

    return text_format("%.*s", (int)strcspn(name, "."), name);
}

/* For a title. A program may leave its work to others, as a shell does. */
static char *whose(const char *program, pid_t child, const struct choice *choice)
{
    char *process = process_of(choice->profiled->path);
    char *own = text_format("%d", (int)child);
    char *what;

    if (choice->count > 1)
        what =
            text_format("%s, its process %s, the largest of %zu", program, process, choice->count);
    else if (strcmp(process, own) != 0)
        what = text_format("%s, its process %s", program, process);
    else
        what = text_format("%s", program);
    free(own);
    free(process);
    return what;
}

static int choose_profile(const struct verb *verb, struct profiled *profiled, const char *program,
                          pid_t child)
{
    struct choice choice = {.profiled = profiled};

    for_each_profile(profiled, consider, &choice);
    if (choice.count > 0) {
        profiled->what = whose(program, child, &choice);
        return STATUS_FINE;
    }
    complain(verb,
             profiled->status > 128
                 ? "%s left no profile: it ended by signal %d before it could write one"
                 : "%s left no profile; did it end by _exit(), or without zmalloc? (status %d)",
             program, profiled->status > 128 ? profiled->status - 128 : profiled->status);
    return STATUS_FAILURE;
}

int run_profiled(const struct profile_options *options, char **program, struct profiled *profiled)
{
    int status = make_folder(options->verb, profiled);
    pid_t child;

    if (status != STATUS_FINE)
        return status;
    profiled->what = NULL;
    fflush(NULL);
    child = fork();
    if (child == 0)
        become(options, program, profiled);
    if (child < 0) {
        complain(options->verb, "fork: %s", strerror(errno));
        status = STATUS_FAILURE;
    } else {
        profiled->status = wait_for(child);
        status = choose_profile(options->verb, profiled, *program, child);
        if (status != STATUS_FINE && profiled->status >= STATUS_NOT_EXECUTABLE)
            status = profiled->status;
    }
    if (status != STATUS_FINE)
        forget_profiled(profiled);
    return status;
}
