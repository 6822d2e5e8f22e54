/* SPDX-License-Identifier: BSD-3-Clause */

/* Everything that can be known of the backends. */

#include "backends.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verb.h"
#include "zmalloc.h"

/* What the library takes for a blank. */
#define BLANKS " \t\n\r"

/* ---- Rows ---- */

static struct backend *add_row(struct backends *backends, const char *name)
{
    struct backend *rows = realloc(backends->rows, (backends->count + 1) * sizeof *rows);

    if (rows == NULL)
        return NULL;
    backends->rows = rows;
    rows += backends->count++;
    *rows = (struct backend){.name = text_format("%s", name)};
    return rows;
}

static void try_row(struct backend *row, enum backend_state state_where_it_starts)
{
    struct probe probe = probe_backend(row->name);

    row->state = probe.facts != NULL ? state_where_it_starts : BACKEND_BROKEN;
    if (probe.facts == NULL)
        row->why = text_format("%s", probe.trouble);
    row->facts = json_incref(probe.facts);
    probe_free(&probe);
}

static void add_known(struct backends *backends, const struct zmalloc_backend_info *info)
{
    struct backend *row = add_row(backends, info->name);

    if (row == NULL)
        return;
    if (info->state != ZMALLOC_BACKEND_NOT_BUILT) {
        try_row(row, info->state == ZMALLOC_BACKEND_BUILT_IN ? BACKEND_BUILT_IN : BACKEND_MODULE);
        return;
    }
    row->state = BACKEND_NOT_BUILT;
    row->why = text_format("%s", info->why);
}

/* A name that turns out to be no backend's has no row. */
static void add_foreign(struct backends *backends, const char *name)
{
    struct backend *row = add_row(backends, name);

    if (row == NULL)
        return;
    try_row(row, BACKEND_MODULE);
    if (row->why == NULL || !text_begins_with(row->why, "unknown backend"))
        return;
    free(row->why);
    free(row->name);
    backends->count--;
}

static void add_named(struct backends *backends, const char *value)
{
    char *name;

    while (value != NULL && (name = backend_next_named(&value)) != NULL) {
        if (backends_find(backends, name) == NULL)
            add_foreign(backends, name);
        free(name);
    }
}

struct backends backends_gather(void)
{
    struct backends backends = {0};
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        add_known(&backends, &info);
    add_named(&backends, getenv("ZMALLOC_BACKEND"));
    backends.by_default = probe_default();
    backends.by_environment = probe_environment();
    return backends;
}

void backends_free(struct backends *backends)
{
    for (size_t i = 0; i < backends->count; i++) {
        free(backends->rows[i].name);
        free(backends->rows[i].why);
        json_decref(backends->rows[i].facts);
    }
    free(backends->rows);
    probe_free(&backends->by_default);
    probe_free(&backends->by_environment);
    *backends = (struct backends){0};
}

const struct backend *backends_find(const struct backends *backends, const char *name)
{
    for (size_t i = 0; i < backends->count; i++)
        if (strcmp(backends->rows[i].name, name) == 0)
            return &backends->rows[i];
    return NULL;
}

const char *backend_state_text(enum backend_state state)
{
    static const char *const texts[] = {
        [BACKEND_BUILT_IN] = "built in",
        [BACKEND_MODULE] = "module",
        [BACKEND_NOT_BUILT] = "not built",
        [BACKEND_BROKEN] = "broken",
    };

    return texts[state];
}

/* ---- Names ---- */

const char *backend_without_layers(const char *name)
{
    const char *plus = strrchr(name, '+');

    return plus != NULL ? plus + 1 : name;
}

char *backend_next_named(const char **value)
{
    const char *begin = *value + strspn(*value, "," BLANKS);
    size_t length = strcspn(begin, ",");
    char *element;
    char *name;

    *value = begin + length;
    if (length == 0)
        return NULL;
    while (strchr(BLANKS, begin[length - 1]) != NULL)
        length--;
    element = text_format("%.*s", (int)length, begin);
    name = text_format("%s", backend_without_layers(element));
    free(element);
    return name;
}

/* ---- The backends that a program may run on ---- */

void add_name(struct names *names, const char *name, size_t length)
{
    char **more = allocate(names->count + 1, sizeof *more);

    for (size_t i = 0; i < names->count; i++)
        more[i] = names->of[i];
    more[names->count++] = copy_text(name, length);
    free(names->of);
    names->of = more;
}

struct names available_backends(void)
{
    struct names names = {0};
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        if (info.state == ZMALLOC_BACKEND_BUILT_IN || info.state == ZMALLOC_BACKEND_LOADABLE)
            add_name(&names, info.name, strlen(info.name));
    return names;
}

struct names listed_backends(const char *list)
{
    struct names names = {0};

    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        size_t first = strspn(list, BLANKS);
        size_t last = length;

        while (last > first && strchr(BLANKS, list[last - 1]) != NULL)
            last--;
        if (first < last)
            add_name(&names, list + first, last - first);
        list += length + (list[length] == ',' ? 1 : 0);
    }
    return names;
}

void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->of[i]);
    free(names->of);
}

char *list_names(const struct names *names, const char *between)
{
    char *text = copy_text("", 0);

    for (size_t i = 0; i < names->count; i++) {
        char *longer = text_format("%s%s%s", text, i > 0 ? between : "", names->of[i]);

        free(text);
        text = longer;
    }
    return text;
}

bool is_built_in(const char *name)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        if (strcmp(info.name, name) == 0)
            return info.state == ZMALLOC_BACKEND_BUILT_IN;
    return false;
}

/* ---- What is wrong with one ---- */

static const char *nearest_of(const struct names *names, const char *word)
{
    const char **words = allocate(names->count + 1, sizeof *words);
    const char *found;

    for (size_t i = 0; i < names->count; i++)
        words[i] = names->of[i];
    found = nearest(word, words);
    free(words);
    return found;
}

bool is_known_backend(const char *element)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};
    bool found = false;

    for (size_t i = 0; !found && zmalloc_get_backend_info(i, &info) == 0; i++)
        found = strcmp(info.name, element) == 0;
    return found;
}

/* The library's message has the layers in it: 'unknown layer "x" (known: fail debug)'. */
static struct names known_layers(const char *trouble)
{
    static const char words[] = "(known: ";
    const char *at = strstr(trouble, words);
    struct names names = {0};

    for (at = at != NULL ? at + strlen(words) : ""; *at != '\0' && *at != ')'; at += *at == ' ') {
        size_t length = strcspn(at, " )");

        add_name(&names, at, length);
        at += length;
    }
    return names;
}

/* What was meant by an unknown layer; NULL where nothing is near. The caller frees it. */
static char *layer_meant(const char *trouble)
{
    static const char words[] = "unknown layer \"";
    struct names names = {0};
    const char *found;
    char *written;
    char *meant;

    if (!text_begins_with(trouble, words))
        return NULL;
    trouble += strlen(words);
    names = known_layers(trouble);
    written = copy_text(trouble, strcspn(trouble, "\""));
    found = nearest_of(&names, written);
    meant = found != NULL ? copy_text(found, strlen(found)) : NULL;
    free(written);
    free_names(&names);
    return meant;
}

bool is_unknown(const char *trouble)
{
    return text_begins_with(trouble, "unknown ");
}

/* The library's reason, which says what an unknown backend may have been meant to be; and what there
 * is. */
static char *explain(const char *trouble)
{
    char *meant = layer_meant(trouble);
    struct names names = available_backends();
    char *available = list_names(&names, " ");
    char *text =
        text_format("%s%s%s%s; available: %s", trouble, meant != NULL ? " (did you mean " : "",
                    meant != NULL ? meant : "", meant != NULL ? "?)" : "", available);

    free(available);
    free_names(&names);
    free(meant);
    return text;
}

char *trouble_with_backend(const char *element)
{
    struct probe probe = probe_element(element);
    bool is_line = probe.trouble != NULL && text_begins_with(probe.trouble, "zmalloc: ");
    char *text = NULL;

    if (is_line) /* it is not about this element alone */
        text = text_format("%s", probe.trouble);
    else if (probe.trouble != NULL)
        text = explain(probe.trouble);
    probe_free(&probe);
    return text;
}
