/* SPDX-License-Identifier: BSD-3-Clause */

/* The messages for a choice that fails. docs/environment.md lists all of them. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choice.h"
#include "choice_lock.h"
#include "layers.h"
#include "message.h"
#include "option_list.h"
#include "refusal.h"
#include "registry.h"
#include "table_check.h"

/* A list of which nothing can start. */
struct refused {
    const char *source;
    const char *list;
    struct zm_message available; /* names */
};

static const char *const not_a_name =
    "unknown backend (names are 1 to " ZMALLOC_QUOTE(ZM_NAME_MAX) " of a-z, 0-9, _ and -)";

/* Why the backend cannot be chosen. "": it can, so a layer is to blame. NULL: a valid name that is
 * unknown. */
static const char *reason_of(struct zm_element element, char name[ZM_NAME_MAX + 1])
{
    struct zmalloc_backend_info info;

    if (!zm_element_is_name(element, name))
        return not_a_name;
    return zm_registry_describe(name, &info) == 0 ? info.why : NULL;
}

static void explain_backend(struct zm_message *message, struct zm_element backend)
{
    char name[ZM_NAME_MAX + 1];
    const char *reason = reason_of(backend, name);
    const char *meant = reason == NULL ? zm_registry_nearest(name) : NULL;

    zm_message_text(message, reason != NULL ? reason : "unknown backend");
    if (meant == NULL)
        return;
    zm_message_text(message, " (did you mean ");
    zm_message_text(message, meant);
    zm_message_text(message, "?)");
}

static void explain_element(struct zm_message *message, struct zm_element element)
{
    struct zm_element rest = element;
    struct zm_layers layers;

    zm_message_quoted(message, element.text, element.length);
    zm_message_text(message, ": ");
    if (zm_layers_read(&rest, &layers))
        explain_backend(message, rest);
    else
        zm_layers_explain(message, rest);
}

static bool is_refused_by_layer(struct zm_element element)
{
    char name[ZM_NAME_MAX + 1];
    struct zm_layers layers;
    const char *reason;

    if (!zm_layers_read(&element, &layers))
        return false;
    reason = reason_of(element, name);
    return reason != NULL && *reason == '\0';
}

static void tell_of_element(const struct refused *refused, struct zm_element element)
{
    struct zm_message message = {0};

    zm_message_text(&message, refused->source);
    zm_message_text(&message, "=");
    zm_message_quoted(&message, refused->list, strlen(refused->list));
    zm_message_text(&message, ": ");
    explain_element(&message, element);
    zm_message_text(&message, "; available: ");
    zm_message_text(&message, refused->available.text);
    zm_message_send(&message);
}

static void tell_of_layer(void)
{
    struct zm_message message = {0};

    zm_choice_lock();
    zm_layers_explain_refusal(&message);
    zm_choice_unlock();
    zm_message_send(&message);
}

static void tell_of_each(const struct refused *refused)
{
    const char *rest = refused->list;
    struct zm_element element;
    bool told_of_layer = false;

    while (zm_list_next(&rest, &element)) {
        if (!is_refused_by_layer(element)) {
            tell_of_element(refused, element);
        } else if (!told_of_layer) {
            tell_of_layer();
            told_of_layer = true;
        }
    }
}

/* The first thread to come here explains; others block until the process ends. The choice lock is
 * not held, because describing a name may call the dynamic linker. */
void zm_choice_refuse_to_run(const char *source, const char *list)
{
    static pthread_mutex_t telling = PTHREAD_MUTEX_INITIALIZER;
    struct refused refused = {.source = source, .list = list};

    zm_registry_list_available(&refused.available);
    pthread_mutex_lock(&telling);
    tell_of_each(&refused);
    _exit(ZM_EXIT_CONFIG);
}

void zm_choice_refuse_recursion(void)
{
    struct zm_message message = {0};

    zm_message_text(&message, "a backend called zmalloc while it was being started");
    zm_message_send(&message);
    abort();
}
