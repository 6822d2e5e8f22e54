/* SPDX-License-Identifier: BSD-3-Clause */

/* Which backend is active: decided once, from the environment, the program, or the build. The
 * contract and the messages stand in docs/environment.md. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounting.h"
#include "config.h"
#include "internal.h"
#include "layers.h"
#include "list.h"

/* Who may choose. */
#define VARIABLE "ZMALLOC_BACKEND"
#define PROGRAM "zmalloc_init"
#define BUILD_OPTION "default_backend"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool choosing;
/* The outermost table; and, written before it, what it is made of. */
static const struct zmalloc_backend *active;
static const struct zmalloc_backend *active_backend;
static struct zm_layers active_layers;
static struct zm_choice active_choice;

/* Recursive by hand: a module's constructor may fork, and fork takes this lock. */
void zm_choice_lock(void)
{
    if (zm_thread.choice_depth++ == 0)
        pthread_mutex_lock(&lock);
}

void zm_choice_unlock(void)
{
    if (--zm_thread.choice_depth == 0)
        pthread_mutex_unlock(&lock);
}

/* ---- Reading a list ---- */

static bool is_empty(const char *list)
{
    struct zm_element element;

    return list == NULL || !zm_list_next(&list, &element);
}

/* Copies the element into a name; false where it cannot be one. */
static bool to_name(struct zm_element element, char name[ZM_NAME_MAX + 1])
{
    if (element.length > ZM_NAME_MAX)
        return false;
    memcpy(name, element.text, element.length);
    name[element.length] = '\0';
    return zm_name_is_valid(name);
}

/* Both parts of LAYER+LAYER+NAME; false where it cannot be one. */
static bool take_apart(struct zm_element element, struct zm_layers *layers,
                       char name[ZM_NAME_MAX + 1])
{
    return zm_layers_read(&element, layers) && to_name(element, name);
}

/* ---- Trying ---- */

/* Without layers a backend has its own instance of the core, if it has one. */
static const struct zm_instance *instance_for(const struct zm_candidate *candidate,
                                              const struct zmalloc_backend *outermost)
{
    if (outermost == candidate->backend && candidate->instance != NULL)
        return candidate->instance;
    return zm_generic_instance(outermost);
}

static void activate(const struct zm_candidate *candidate, const struct zm_layers *layers,
                     const struct zmalloc_backend *outermost)
{
    zm_accounting_start(outermost);
    active_backend = candidate->backend;
    active_layers = *layers;
    active_choice.origin = candidate->origin;
    __atomic_store_n(&active, outermost, __ATOMIC_RELEASE);
    zm_table_seal(instance_for(candidate, outermost));
}

/* Once: what failed to start stays so. */
static int start(const char *name, const struct zm_candidate *candidate)
{
    const char *why = NULL;
    int error = 0;

    if (candidate->started)
        return candidate->start_error;
    if (candidate->backend->start != NULL)
        error = candidate->backend->start(&why);
    zm_registry_set_started(name, error, why != NULL ? why : "it does not say why");
    return error;
}

/* The backend, then the layers over it. */
static int bring_up(const char *name, const struct zm_candidate *candidate,
                    struct zm_layers *layers)
{
    const struct zmalloc_backend *outermost = candidate->backend;
    int error = start(name, candidate);

    if (error != 0)
        return error;
    zm_layers_add_asked_for(layers);
    error = zm_layers_cover(layers, &outermost);
    if (error == 0)
        activate(candidate, layers, outermost);
    return error;
}

/* How far an attempt came, from nothing to success; then why it came no further. */
enum stage { UNKNOWN, UNSUPPORTED, FAILED, ACTIVE };

struct outcome {
    enum stage stage;
    int error;
};

static struct outcome try_element(struct zm_element element)
{
    char name[ZM_NAME_MAX + 1];
    struct zm_candidate candidate;
    struct zm_layers layers;
    int error = take_apart(element, &layers, name) ? zm_registry_find(name, &candidate) : ENOENT;

    if (error == 0) {
        error = bring_up(name, &candidate, &layers);
        return (struct outcome){error == 0 ? ACTIVE : FAILED, error};
    }
    if (error == ENOENT || error == ENOTSUP)
        return (struct outcome){error == ENOENT ? UNKNOWN : UNSUPPORTED, error};
    return (struct outcome){FAILED, error};
}

/* Nothing is active yet, so nobody reads it. */
static void remember_choice(const char *by, const char *list)
{
    int room = (int)sizeof active_choice.list - 1;
    bool fits = strlen(list) <= (size_t)room;

    active_choice.by = by;
    snprintf(active_choice.list, sizeof active_choice.list, "%.*s%s", fits ? room : room - 3, list,
             fits ? "" : "...");
}

/* Activates the first of the list that can start. Returns 0 or the error that came furthest. */
static int try_list(const char *by, const char *list)
{
    struct outcome best = {UNKNOWN, ENOENT};
    struct zm_element element;

    zm_stay_loaded();
    remember_choice(by, list);
    while (best.stage != ACTIVE && zm_list_next(&list, &element)) {
        struct outcome outcome = try_element(element);

        if (outcome.stage >= best.stage)
            best = outcome;
    }
    return best.error;
}

/* ---- Failing ---- */

/* Empty where nothing is wrong with the backend: then it is with a layer. */
static const char *reason_of(struct zm_element element)
{
    struct zmalloc_backend_info info;
    char name[ZM_NAME_MAX + 1];

    if (!to_name(element, name))
        return "unknown backend (names are 1 to " ZMALLOC_QUOTE(
            ZM_NAME_MAX) " of a-z, 0-9, _ and -)";
    return zm_registry_describe(name, &info) == 0 ? info.why : "unknown backend";
}

static void explain_element(struct zm_message *message, struct zm_element element)
{
    struct zm_element rest = element;
    struct zm_layers layers;

    zm_message_quoted(message, element.text, element.length);
    zm_message_text(message, ": ");
    if (zm_layers_read(&rest, &layers))
        zm_message_text(message, reason_of(rest));
    else
        zm_layers_explain(message, rest);
    zm_message_text(message, "; available: ");
    zm_registry_list_available(message);
}

static bool is_refused_by_layer(struct zm_element element)
{
    struct zm_layers layers;

    return zm_layers_read(&element, &layers) && *reason_of(element) == '\0';
}

static void tell_of_element(const char *source, const char *list, struct zm_element element)
{
    struct zm_message message = {0};

    zm_message_text(&message, source);
    zm_message_text(&message, "=");
    zm_message_quoted(&message, list, strlen(list));
    zm_message_text(&message, ": ");
    explain_element(&message, element);
    zm_message_send(&message);
}

static void tell_of_layer(void)
{
    struct zm_message message = {0};

    zm_layers_explain_refusal(&message);
    zm_message_send(&message);
}

/* One line per element of the list, but one for all that a layer refuses; then the end. */
static void refuse_to_run(const char *source, const char *list)
{
    const char *rest = list;
    struct zm_element element;
    bool told_of_layer = false;

    while (zm_list_next(&rest, &element)) {
        if (!is_refused_by_layer(element)) {
            tell_of_element(source, list, element);
        } else if (!told_of_layer) {
            tell_of_layer();
            told_of_layer = true;
        }
    }
    _exit(ZM_EXIT_CONFIG);
}

static void refuse_recursion(void)
{
    struct zm_message message = {0};

    zm_message_text(&message, "a backend called zmalloc while it was being started");
    zm_message_send(&message);
    abort();
}

/* ---- Choosing ---- */

/* NULL where it is unset, empty, or not to be trusted. */
static const char *operators_list(void)
{
    const char *list = secure_getenv(VARIABLE);

    return is_empty(list) ? NULL : list;
}

static void choose_locked(void)
{
    const char *list = operators_list();
    const char *source = list != NULL ? VARIABLE : BUILD_OPTION;

    if (choosing)
        refuse_recursion();
    choosing = true;
    if (list == NULL)
        list = ZM_DEFAULT_BACKEND;
    if (try_list(source, list) != 0)
        refuse_to_run(source, list);
    choosing = false;
}

/* errno is kept for zfree(NULL), which may be the first call of all. */
void zm_choose(void)
{
    int saved_errno = errno;

    zm_choice_lock();
    if (active == NULL)
        choose_locked();
    zm_choice_unlock();
    errno = saved_errno;
}

const struct zmalloc_backend *zm_active(void)
{
    if (__atomic_load_n(&active, __ATOMIC_ACQUIRE) == NULL)
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

/* The program may have set the variable since the library was loaded. */
static int choose_for_program(const char *list)
{
    const char *operators = operators_list();
    int error;

    if (operators == NULL && is_empty(list))
        return try_list(BUILD_OPTION, ZM_DEFAULT_BACKEND);
    if (operators == NULL)
        return try_list(PROGRAM, list);
    error = try_list(VARIABLE, operators);
    return error != 0 ? error : compare_with_active(list);
}

static int init_locked(const char *list)
{
    int error;

    if (choosing)
        return EBUSY;
    choosing = true;
    error = active == NULL ? choose_for_program(list) : compare_with_active(list);
    choosing = false;
    return error;
}

int zmalloc_init(const char *spec)
{
    int error;

    zm_choice_lock();
    error = init_locked(spec);
    zm_choice_unlock();
    return zm_result(error);
}

/* After watch_fork (accounting.c), before the constructors of other people. */
__attribute__((constructor(103))) static void begin(void)
{
    zm_stats_exit_prepare();
    if (operators_list() != NULL)
        zm_choose();
}
