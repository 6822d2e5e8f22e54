/* SPDX-License-Identifier: BSD-3-Clause */

/* Which backend is active: decided once, from the environment, the program, or the build. The
 * contract and the messages stand in docs/environment.md. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounting.h"
#include "config.h"
#include "internal.h"

#define VARIABLE "ZMALLOC_BACKEND"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool choosing;
static const struct zmalloc_backend *active;

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

struct element {
    const char *text;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next element without the blanks around it; empty ones are passed over. */
static bool next_element(const char **rest, struct element *element)
{
    while (**rest != '\0') {
        const char *start = *rest;
        const char *end = start + strcspn(start, ",");

        *rest = *end == ',' ? end + 1 : end;
        while (start < end && is_blank(*start))
            start++;
        while (end > start && is_blank(end[-1]))
            end--;
        if (start < end) {
            *element = (struct element){.text = start, .length = (size_t)(end - start)};
            return true;
        }
    }
    return false;
}

static bool is_empty(const char *list)
{
    struct element element;

    return list == NULL || !next_element(&list, &element);
}

/* Copies the element into a name; false where it cannot be one. */
static bool to_name(struct element element, char name[ZM_NAME_MAX + 1])
{
    if (element.length > ZM_NAME_MAX)
        return false;
    memcpy(name, element.text, element.length);
    name[element.length] = '\0';
    return zm_name_is_valid(name);
}

/* ---- Trying ---- */

static void activate(const struct zm_candidate *candidate)
{
    zm_accounting_start(candidate->backend);
    __atomic_store_n(&active, candidate->backend, __ATOMIC_RELEASE);
    zm_table_seal(candidate->instance != NULL ? candidate->instance
                                              : zm_generic_instance(candidate->backend));
}

/* Once: what failed to start stays so. */
static int start(const char *name, const struct zm_candidate *candidate)
{
    const struct zmalloc_backend *backend = candidate->backend;
    const char *why = NULL;
    int error;

    if (candidate->start_error != 0 || backend->start == NULL)
        return candidate->start_error;
    error = backend->start(&why);
    if (error != 0)
        zm_registry_set_start_error(name, error, why != NULL ? why : "it does not say why");
    return error;
}

/* How far an attempt came, from nothing to success; then why it came no further. */
enum stage { UNKNOWN, UNSUPPORTED, FAILED, ACTIVE };

struct outcome {
    enum stage stage;
    int error;
};

static struct outcome try_element(struct element element)
{
    char name[ZM_NAME_MAX + 1];
    struct zm_candidate candidate;
    int error = to_name(element, name) ? zm_registry_find(name, &candidate) : ENOENT;

    if (error == 0) {
        error = start(name, &candidate);
        if (error != 0)
            return (struct outcome){FAILED, error};
        activate(&candidate);
        return (struct outcome){ACTIVE, 0};
    }
    if (error == ENOENT || error == ENOTSUP)
        return (struct outcome){error == ENOENT ? UNKNOWN : UNSUPPORTED, error};
    return (struct outcome){FAILED, error};
}

/* Activates the first of the list that can start. Returns 0 or the error that came furthest. */
static int try_list(const char *list)
{
    struct outcome best = {UNKNOWN, ENOENT};
    struct element element;

    while (best.stage != ACTIVE && next_element(&list, &element)) {
        struct outcome outcome = try_element(element);

        if (outcome.stage >= best.stage)
            best = outcome;
    }
    return best.error;
}

/* ---- Failing ---- */

static const char *reason_of(struct element element)
{
    struct zmalloc_backend_info info;
    char name[ZM_NAME_MAX + 1];

    if (!to_name(element, name))
        return "unknown backend (names are 1 to " ZMALLOC_QUOTE(
            ZM_NAME_MAX) " of a-z, 0-9, _ and -)";
    return zm_registry_describe(name, &info) == 0 ? info.why : "unknown backend";
}

static void explain_element(struct zm_message *message, struct element element)
{
    const char *plus = memchr(element.text, '+', element.length);

    zm_message_quoted(message, element.text, element.length);
    zm_message_text(message, ": ");
    if (plus != NULL) {
        zm_message_text(message, "unknown layer ");
        zm_message_quoted(message, element.text, (size_t)(plus - element.text));
    } else {
        zm_message_text(message, reason_of(element));
    }
    zm_message_text(message, "; available: ");
    zm_registry_list_available(message);
}

/* One line per element of the list, then the end. */
static void refuse_to_run(const char *source, const char *list)
{
    const char *rest = list;
    struct element element;

    while (next_element(&rest, &element)) {
        struct zm_message message = {0};

        zm_message_text(&message, source);
        zm_message_text(&message, "=");
        zm_message_quoted(&message, list, strlen(list));
        zm_message_text(&message, ": ");
        explain_element(&message, element);
        zm_message_send(&message);
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
    const char *source = list != NULL ? VARIABLE : "default_backend";

    if (choosing)
        refuse_recursion();
    choosing = true;
    if (list == NULL)
        list = ZM_DEFAULT_BACKEND;
    if (try_list(list) != 0)
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

static bool is_known(const char *name)
{
    struct zmalloc_backend_info info;

    return zm_registry_describe(name, &info) == 0 || zm_module_exists(name);
}

/* Whether the list names the backend that is active already. */
static int compare_with_active(const char *list)
{
    int error = is_empty(list) ? 0 : ENOENT;
    struct element element;

    while (error != 0 && next_element(&list, &element)) {
        char name[ZM_NAME_MAX + 1];

        if (!to_name(element, name))
            continue;
        if (strcmp(name, active->name) == 0)
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

    if (operators == NULL)
        return try_list(is_empty(list) ? ZM_DEFAULT_BACKEND : list);
    error = try_list(operators);
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
__attribute__((constructor(103))) static void choose_at_load(void)
{
    if (operators_list() != NULL)
        zm_choose();
}
