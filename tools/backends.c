/* SPDX-License-Identifier: BSD-3-Clause */

#include "backends.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
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
