/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Which backend is active: decided once, from the environment, the program, or the build. The
 * contract and the messages stand in docs/environment.md.
 *
 * Each thread that needs the choice makes it, element by element: it finds the backend, which may
 * open a module, without the lock; then under the lock it starts it, unless another thread has made
 * the choice meanwhile. So a thread that is in the constructor of a plug-in, and has the dynamic
 * linker's lock, need not wait for one that waits for the linker: it chooses by itself.
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
#include "os/stay_loaded.h"
#include "os/thread.h"
#include "refusal.h"
#include "registry.h"
#include "table_check.h"

static struct zm_setting operators = {.variable = "ZMALLOC_BACKEND"};
#define PROGRAM "zmalloc_init"
#define BUILD_OPTION "default_backend"

/* The outermost table; and, written before it, what it is made of. */
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

/* Both parts of LAYER+LAYER+NAME; false where it cannot be one. */
static bool take_apart(struct zm_element element, struct zm_layers *layers,
                       char name[ZM_NAME_MAX + 1])
{
    return zm_layers_read(&element, layers) && zm_element_is_name(element, name);
}

/* ---- Trying ---- */

/* Without layers a backend has its own instance of the core, if it has one. */
static const struct zm_instance *instance_for(const struct zm_candidate *candidate,
                                              const struct zmalloc_backend *outermost)
{
    if (outermost == candidate->backend && candidate->instance != NULL)
        return candidate->instance;
    return zm_generic_instance(outermost, outermost != candidate->backend);
}

/* A list, and who gives it. */
struct wish {
    const char *by;
    const char *list;
};

/* Nothing is active yet, so nobody reads it. */
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

/* Once: what failed to start stays so. */
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

/* How far an attempt came, from nothing to success; then why it came no further. */
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

/* Activates the first of the list that can start, unless something is active by then. Returns 0 or
 * the error that came furthest. */
static int try_list(struct wish wish)
{
    struct outcome best = {UNKNOWN, ENOENT};
    const char *rest = wish.list;
    struct zm_element element;

    choosing = true;
    zm_stay_loaded();
    while (best.stage != ACTIVE && zm_list_next(&rest, &element)) {
        struct outcome outcome = try_element(&wish, element);

        if (outcome.stage >= best.stage)
            best = outcome;
    }
    choosing = false;
    return best.error;
}

/* ---- Choosing ---- */

/* NULL where it was unset, empty, or not to be trusted. */
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
    if (try_list(wish) != 0 && !is_made())
        zm_choice_refuse_to_run(wish.by, wish.list);
}

/* If another thread is just starting a backend, this waits for it. */
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

/* Layers that stand there without being named, through their variables, make no difference. */
static bool is_active(const char *name, const struct zm_layers *layers)
{
    return strcmp(name, active_backend->name) == 0 && zm_layers_include(&active_layers, layers);
}

/* Whether the list names what is active already. */
static int compare_with_active(const char *list)
{
    int error = is_empty(list) ? 0 : ENOENT;
    struct zm_element element;

    while (error != 0 && zm_list_next(&list, &element)) {
        char name[ZM_NAME_MAX + 1];
        struct zm_layers layers;

        if (!take_apart(element, &layers, name))
            continue;
        if (is_active(name, &layers))
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
 * In the child a module that another thread was just opening would be there by half. But the forking
 * thread may be the one for which that thread waits, with the dynamic linker's lock in the
 * constructor of a plug-in; nobody tells. So it does not wait for ever: then no more than the file's
 * name is in the linker's hands.
 */
void zm_choice_before_fork(void)
{
    int saved_errno = errno;

    zm_choice_lock();
    /* A thread that had the lock before waits in vain: others need it to come to an end. */
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

/* What was read before, for a block that came earlier still, is read again: there may have been no
 * environment. */
bool zm_choice_load(void)
{
    zm_environment_read();
    zm_layers_read_variables();
    return operators_list() != NULL;
}
