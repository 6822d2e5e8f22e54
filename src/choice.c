/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The choice: which backend is active. It is made once and never changes, because a block must be
 * freed by the allocator that it came from. docs/environment.md has the contract and the messages.
 *
 * Who chooses. In this order: the operator with ZMALLOC_BACKEND, the program with zmalloc_init(),
 * the build with its option default_backend. Each gives a list such as "debug+mimalloc,jemalloc":
 * names in order of preference, with layers to put over them. The first one that can start becomes
 * active. If none of the list can, the process ends with a message (refusal.c): better before
 * main() than on another allocator than the one that was asked for. Only zmalloc_init() returns an
 * error instead.
 *
 * When. With ZMALLOC_BACKEND set, when the library is loaded; otherwise in zmalloc_init(), or at
 * the first call that needs a backend. The result is an instance of the core, which zmalloc.c
 * seals into the table of entry points. This file does not know that table.
 *
 * Threads. Several may need the choice at once. Letting one choose while the others wait would be
 * a deadlock: opening a module takes the dynamic linker's lock, and a waiting thread may hold it,
 * in a constructor of a plug-in that allocates. So each thread that needs the choice makes it, one
 * element after the other. It looks for the backend and opens its module without the choice lock;
 * several threads may do so at once, and find the same. Only then does it take the lock, and
 * starts the backend unless another thread has activated one meanwhile.
 *
 * A backend that calls the library while it is being started would wait for itself. The flag
 * choosing finds that out, and the process ends with a message.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "base.h"
#include "choice.h"
#include "choice_lock.h"
#include "config.h"
#include "environment.h"
#include "instance.h"
#include "layers.h"
#include "module.h"
#include "option_list.h"
#include "os/c_malloc.h"
#include "os/stay_loaded.h"
#include "os/thread.h"
#include "refusal.h"
#include "registry.h"
#include "sampling.h"
#include "table_check.h"

static struct zm_setting operators = {.variable = "ZMALLOC_BACKEND"};
#define PROGRAM "zmalloc_init"
#define BUILD_OPTION "default_backend"

/* active is the outermost table, written last; the others describe it. */
static const struct zmalloc_backend *active;
static const struct zmalloc_backend *active_backend;
static const struct zm_instance *active_instance;
static struct zm_layers active_layers;
static struct zm_choice active_choice;

/* Whether this thread is making a choice. */
static _Thread_local bool choosing __attribute__((tls_model("initial-exec")));

static bool is_made(void)
{
    return __atomic_load_n(&active, __ATOMIC_ACQUIRE) != NULL;
}

/* ---- Reading a list ---- */

static bool is_empty(const char *list)
{
    struct zm_element element;

    return list == NULL || !zm_list_next(&list, &element);
}

/* Splits LAYER+LAYER+NAME. False if it cannot be one. */
static bool take_apart(struct zm_element element, struct zm_layers *layers,
                       char name[ZM_NAME_MAX + 1])
{
    return zm_layers_read(&element, layers) && zm_element_is_name(element, name);
}

/* ---- Trying ---- */

/* With the entry points for blocks that may be sampled. */
static const struct zm_instance *sampled(const struct zm_instance *instance)
{
    static struct zm_instance copy;

    copy = *instance;
    copy.entries = zm_guards.size == 0 ? instance->sampled : instance->guarded;
    return &copy;
}

/* Without layers that have a table a backend uses its own instance of the core, if it has one. */
static const struct zm_instance *instance_for(const struct zm_candidate *candidate,
                                              const struct zmalloc_backend *outermost)
{
    const struct zm_instance *instance = candidate->instance;

    if (outermost != candidate->backend || instance == NULL)
        instance = zm_generic_instance(outermost, outermost != candidate->backend);
    return zm_sampler != NULL ? sampled(instance) : instance;
}

/* A list, and where it comes from. */
struct wish {
    const char *by;
    const char *list;
};

/* Nothing is active yet, so no other thread reads it. */
static void remember_choice(const struct wish *wish, const char *origin)
{
    int room = (int)sizeof active_choice.list - 1;
    bool fits = strlen(wish->list) <= (size_t)room;

    active_choice.by = wish->by;
    active_choice.origin = origin;
    snprintf(active_choice.list, sizeof active_choice.list, "%.*s%s", fits ? room : room - 3,
             wish->list, fits ? "" : "...");
}

static void activate(const struct wish *wish, const struct zm_candidate *candidate,
                     const struct zm_layers *layers, const struct zmalloc_backend *outermost)
{
    zm_accounting_start(outermost);
    active_backend = candidate->backend;
    active_instance = instance_for(candidate, outermost);
    active_layers = *layers;
    remember_choice(wish, candidate->origin);
    __atomic_store_n(&active, outermost, __ATOMIC_RELEASE);
}

/* Once. A backend that failed to start is not tried again. */
static int start(const char *name, const struct zm_candidate *candidate)
{
    const char *why = NULL;
    int error = 0;

    if (zm_registry_has_started(name, &error))
        return error;
    if (candidate->backend->start != NULL)
        error = candidate->backend->start(&why);
    zm_registry_set_started(name, error, why != NULL ? why : "it does not say why");
    return error;
}

/* The backend, then the layers over it. */
static int bring_up(const struct wish *wish, const char *name, const struct zm_candidate *candidate,
                    struct zm_layers *layers)
{
    const struct zmalloc_backend *outermost = candidate->backend;
    int error = start(name, candidate);

    if (error != 0)
        return error;
    zm_layers_add_asked_for(layers);
    error = zm_layers_cover(layers, &outermost);
    if (error == 0)
        activate(wish, candidate, layers, outermost);
    return error;
}

/* How far an attempt got. Of several failures, the one that got furthest is reported. */
enum stage { UNKNOWN, UNSUPPORTED, FAILED, ACTIVE };

struct outcome {
    enum stage stage;
    int error;
};

static struct outcome try_element(const struct wish *wish, struct zm_element element)
{
    char name[ZM_NAME_MAX + 1];
    struct zm_candidate candidate;
    struct zm_layers layers;
    int error = take_apart(element, &layers, name) ? zm_registry_find(name, &candidate) : ENOENT;

    if (error == ENOENT || error == ENOTSUP)
        return (struct outcome){error == ENOENT ? UNKNOWN : UNSUPPORTED, error};
    if (error == 0) {
        zm_choice_lock();
        error = is_made() ? 0 : bring_up(wish, name, &candidate, &layers);
        zm_choice_unlock();
    }
    return (struct outcome){error == 0 ? ACTIVE : FAILED, error};
}

/* Activates the first element that can start, unless another thread has chosen meanwhile. Returns 0
 * or the error of the attempt that got furthest. */
static int try_list(struct wish wish)
{
    struct outcome best = {UNKNOWN, ENOENT};
    const char *rest = wish.list;
    struct zm_element element;

    choosing = true;
    zm_stay_loaded();
    zm_c_malloc_find();
    while (best.stage != ACTIVE && zm_list_next(&rest, &element)) {
        struct outcome outcome = try_element(&wish, element);

        if (outcome.stage >= best.stage)
            best = outcome;
    }
    choosing = false;
    return best.error;
}

/* ---- Choosing ---- */

/* NULL if it is unset, empty, or not to be trusted. */
static const char *operators_list(void)
{
    const char *list = zm_setting_value(&operators);

    return is_empty(list) ? NULL : list;
}

static void choose_or_end(void)
{
    const char *list = operators_list();
    struct wish wish = {BUILD_OPTION, ZM_DEFAULT_BACKEND};

    if (choosing)
        zm_choice_refuse_recursion();
    if (list != NULL)
        wish = (struct wish){operators.variable, list};
    if (try_list(wish) != 0 && !is_made()) {
        /* What looks for modules to name them may allocate, with the preload library from here. */
        choosing = true;
        zm_choice_refuse_to_run(wish.by, wish.list);
    }
}

/* Waits if another thread is starting a backend. */
const struct zm_instance *zm_choose(void)
{
    bool made;

    zm_choice_lock();
    made = is_made();
    zm_choice_unlock();
    if (!made)
        choose_or_end();
    return active_instance;
}

bool zm_is_choosing(void)
{
    return choosing;
}

const struct zm_instance *zm_chosen(void)
{
    return is_made() ? active_instance : NULL;
}

const struct zmalloc_backend *zm_active(void)
{
    if (!is_made())
        zm_choose();
    return active;
}

const struct zm_choice *zm_active_choice(void)
{
    zm_active();
    return &active_choice;
}

const char *zm_active_name(void)
{
    zm_active();
    return zm_layers_name();
}

bool zm_has_layer(const struct zm_layer *layer)
{
    zm_active();
    return zm_layers_contain(&active_layers, layer);
}

static bool is_known(const char *name)
{
    struct zmalloc_backend_info info;

    return zm_registry_describe(name, &info) == 0 || zm_module_exists(name);
}

/* 0 if the list names the active backend, EBUSY if it names another that exists, otherwise ENOENT.
 * Layers that were added through their variables make no difference. */
static int compare_with_active(const char *list)
{
    int error = is_empty(list) ? 0 : ENOENT;
    struct zm_element element;

    while (error != 0 && zm_list_next(&list, &element)) {
        char name[ZM_NAME_MAX + 1];
        struct zm_layers layers;

        if (!take_apart(element, &layers, name))
            continue;
        if (strcmp(name, active_backend->name) == 0 && zm_layers_include(&active_layers, &layers))
            error = 0;
        else if (is_known(name))
            error = EBUSY;
    }
    return error;
}

static int choose_for_program(const char *list)
{
    const char *operator_said = operators_list();

    if (operator_said != NULL)
        return try_list((struct wish){operators.variable, operator_said});
    if (is_empty(list))
        return try_list((struct wish){BUILD_OPTION, ZM_DEFAULT_BACKEND});
    return try_list((struct wish){PROGRAM, list});
}

int zm_try_to_choose(const char *list)
{
    int error = 0;

    if (choosing)
        return EBUSY;
    if (!is_made())
        error = choose_for_program(list);
    return is_made() ? compare_with_active(list) : error;
}

int zm_init(const char *list)
{
    if (!choosing && !is_made())
        zm_environment_read();
    return zm_try_to_choose(list);
}

/* ---- fork ---- */

/*
 * If another thread were opening a module, the child would inherit it half open. So a fork waits.
 * But that thread may itself be waiting for the forking one, which may hold the dynamic linker's
 * lock in a constructor of a plug-in, and there is no way to find out. So the wait has an end; a
 * thread that is still waiting then has given the linker no more than a file name.
 */
void zm_choice_before_fork(void)
{
    int saved_errno = errno;

    zm_choice_lock();
    /* If this thread had the lock before, waiting is no use: the others need it to finish. */
    for (int ms = 0; ms < ZM_PATIENCE_MS && zm_choice_lock_depth() == 1; ms++) {
        if (!zm_registry_others_open())
            break;
        zm_choice_unlock();
        zm_sleep_a_millisecond();
        zm_choice_lock();
    }
    errno = saved_errno;
}

void zm_choice_after_fork(void)
{
    zm_choice_unlock();
}

void zm_choice_after_fork_in_child(void)
{
    zm_registry_forget_openers();
    zm_choice_unlock();
}

/* ---- When the library is loaded ---- */

/* Reads variables again that an even earlier block asked for: there may have been no environment
 * yet. */
bool zm_choice_load(void)
{
    zm_environment_read();
    zm_layers_read_variables();
    return operators_list() != NULL;
}
