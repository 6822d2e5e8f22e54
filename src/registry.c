/* SPDX-License-Identifier: BSD-3-Clause */

/* The known backends: ours, one row each, and those that the program registers or that were found
 * as foreign modules. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "internal.h"

#define FOREIGN_MAX 8

/*
 * Our backends, in the order in which they are listed: ROW(name, NAME, the library that must be
 * open before its module). NAME is its part of the macros of config.h that backends/meson.build
 * writes.
 *
 * libstdc++ must be open before tcmalloc: opened by tcmalloc it would take tcmalloc's operator new
 * for its own, and a C++ library opened later would crash.
 */
/* clang-format off */
#define OUR_BACKENDS(ROW)                                                                          \
    ROW(libc, LIBC, NULL)                                                                          \
    ROW(native, NATIVE, NULL)                                                                      \
    ROW(jemalloc, JEMALLOC, NULL)                                                                  \
    ROW(tcmalloc, TCMALLOC, "libstdc++.so.6")                                                      \
    ROW(mimalloc, MIMALLOC, NULL)
/* clang-format on */

enum origin { BUILT_IN, MODULE, NOT_BUILT };

struct row {
    char name[ZM_NAME_MAX + 1];
    enum origin origin;
    const char *opens_first;
    struct zm_candidate candidate; /* backend is NULL until it is known */
    int load_error;                /* ENOTSUP: not installed; ENOEXEC: cannot be used */
    char why[ZM_WHY_SIZE];
};

#define DECLARE_INSTANCE(id, ID, opens_first) extern const struct zm_instance zm_instance_##id;
OUR_BACKENDS(DECLARE_INSTANCE)

#define DEFINE_ROW(id, ID, needs)                                                                  \
    {.name = #id,                                                                                  \
     .origin = ZM_##ID##_ORIGIN,                                                                   \
     .opens_first = needs,                                                                         \
     .candidate = {.instance = ZM_##ID##_INSTANCE, .origin = "built in"},                          \
     .why = ZM_##ID##_WHY},
static struct row our_rows[] = {OUR_BACKENDS(DEFINE_ROW)};

static struct row foreign_rows[FOREIGN_MAX];
static size_t foreign_count;

#define OUR_COUNT (sizeof our_rows / sizeof *our_rows)

bool zm_name_is_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return length > 0 && length <= ZM_NAME_MAX && name[length] == '\0';
}

static struct row *row_at(size_t index)
{
    if (index < OUR_COUNT)
        return &our_rows[index];
    index -= OUR_COUNT;
    return index < foreign_count ? &foreign_rows[index] : NULL;
}

static struct row *row_named(const char *name)
{
    struct row *row;

    for (size_t i = 0; (row = row_at(i)) != NULL; i++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static void row_explain(struct row *row, const char *trouble, const char *why)
{
    snprintf(row->why, sizeof row->why, "%s: %s", trouble, why);
}

static void row_set_load_error(struct row *row, int error, const char *why)
{
    row->load_error = error;
    row_explain(row, error == ENOTSUP ? "not installed" : "failed to start", why);
}

static void row_load(struct row *row)
{
    char why[ZM_WHY_SIZE] = "";
    int error = zm_module_open(row->name, row->opens_first, &row->candidate, why);

    if (error != 0)
        row_set_load_error(row, error, why);
}

/* The static library has no modules, whatever was built beside it. */
static bool row_is_in_this_build(const struct row *row)
{
    return row->origin != NOT_BUILT && (row->origin != MODULE || zm_module_refusal() == NULL);
}

static struct row *add_foreign(const char *name, enum origin origin,
                               const struct zm_candidate *candidate)
{
    struct row *row;

    if (foreign_count == FOREIGN_MAX)
        return NULL;
    row = &foreign_rows[foreign_count++];
    *row = (struct row){.candidate = *candidate, .origin = origin};
    snprintf(row->name, sizeof row->name, "%s", name);
    return row;
}

/* A name that has no row may be that of a foreign module. */
static int find_foreign_module(const char *name, struct zm_candidate *candidate)
{
    char why[ZM_WHY_SIZE] = "";
    struct row *row;
    int error;

    if (!zm_name_is_valid(name))
        return ENOENT;
    error = zm_module_open(name, NULL, candidate, why);
    if (error == ENOTSUP)
        return ENOENT;
    row = add_foreign(name, MODULE, candidate);
    if (row == NULL)
        return ENOSPC;
    if (error != 0)
        row_set_load_error(row, error, why);
    return error;
}

int zm_registry_find(const char *name, struct zm_candidate *candidate)
{
    struct row *row = row_named(name);

    *candidate = (struct zm_candidate){0};
    if (row == NULL)
        return find_foreign_module(name, candidate);
    if (!row_is_in_this_build(row))
        return ENOTSUP;
    if (row->origin == BUILT_IN && row->candidate.backend == NULL)
        row->candidate.backend = row->candidate.instance->backend;
    if (row->candidate.backend == NULL && row->load_error == 0)
        row_load(row);
    if (row->load_error != 0)
        return row->load_error;
    *candidate = row->candidate;
    return 0;
}

void zm_registry_set_started(const char *name, int error, const char *why)
{
    struct row *row = row_named(name);

    row->candidate.started = true;
    row->candidate.start_error = error;
    if (error != 0)
        row_explain(row, "failed to start", why);
}

int zm_registry_add(const struct zmalloc_backend *backend)
{
    struct zm_candidate candidate = {.backend = backend, .origin = "registered by the program"};

    if (row_named(backend->name) != NULL)
        return EEXIST;
    return add_foreign(backend->name, BUILT_IN, &candidate) != NULL ? 0 : ENOSPC;
}

static void row_describe(struct row *row, struct zmalloc_backend_info *info)
{
    *info = (struct zmalloc_backend_info){.name = row->name, .why = row->why};
    if (!row_is_in_this_build(row)) {
        info->state = ZMALLOC_BACKEND_NOT_BUILT;
        info->why = row->origin == MODULE ? zm_module_refusal() : row->why;
    } else if (row->load_error != 0 || row->candidate.start_error != 0) {
        info->state = ZMALLOC_BACKEND_BROKEN;
    } else if (row->origin == BUILT_IN) {
        info->state = ZMALLOC_BACKEND_BUILT_IN;
    } else if (row->candidate.backend != NULL || zm_module_exists(row->name)) {
        info->state = ZMALLOC_BACKEND_LOADABLE;
    } else {
        info->state = ZMALLOC_BACKEND_BROKEN;
        info->why = "not installed";
    }
}

/* A foreign module for which there was no room. */
static int describe_without_row(const char *name, struct zmalloc_backend_info *info)
{
    if (foreign_count < FOREIGN_MAX || !zm_module_exists(name))
        return ENOENT;
    *info = (struct zmalloc_backend_info){
        .name = name,
        .state = ZMALLOC_BACKEND_BROKEN,
        .why = "failed to start: eight foreign backends are known already",
    };
    return 0;
}

int zm_registry_describe(const char *name, struct zmalloc_backend_info *info)
{
    struct row *row = row_named(name);

    if (row == NULL)
        return describe_without_row(name, info);
    row_describe(row, info);
    return 0;
}

int zm_registry_describe_at(size_t index, struct zmalloc_backend_info *info)
{
    struct row *row = row_at(index);

    if (row == NULL)
        return ENOENT;
    row_describe(row, info);
    return 0;
}

void zm_registry_list_available(struct zm_message *message)
{
    struct row *row;

    for (size_t i = 0, listed = 0; (row = row_at(i)) != NULL; i++) {
        struct zmalloc_backend_info info;

        row_describe(row, &info);
        if (info.state != ZMALLOC_BACKEND_BUILT_IN && info.state != ZMALLOC_BACKEND_LOADABLE)
            continue;
        if (listed++ > 0)
            zm_message_text(message, " ");
        zm_message_text(message, row->name);
    }
}
