/* SPDX-License-Identifier: BSD-3-Clause */

/* The known backends: ours, one row each; those that the program registers; and foreign modules
 * that were found. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "choice_lock.h"
#include "config.h"
#include "instance.h"
#include "message.h"
#include "module.h"
#include "nearest_word.h"
#include "os/c_malloc.h"
#include "os/thread.h"
#include "registry.h"
#include "table_check.h"

#define FOREIGN_MAX 8

/*
 * The C++ library must be open before tcmalloc is. Opened by tcmalloc it would use tcmalloc's
 * operator new, and C++ libraries opened later would crash. And tcmalloc must see its own operator
 * new first: the program's may be made of zmalloc, which has no backend yet.
 */
static const char *const cxx_libraries[] = {"libstdc++.so.6", "libc++.so.1", NULL};
static const struct zm_module_needs tcmalloc_needs = {
    .opens_first = cxx_libraries,
    .own_names_first = true,
};

/*
 * Our backends, in the order of lists: ROW(name, NAME, what its module needs, or NULL). NAME is its
 * part of the macros in config.h, which backends/meson.build writes.
 */
/* clang-format off */
#define OUR_BACKENDS(ROW)                                                                          \
    ROW(libc, LIBC, NULL)                                                                          \
    ROW(native, NATIVE, NULL)                                                                      \
    ROW(jemalloc, JEMALLOC, NULL)                                                                  \
    ROW(tcmalloc, TCMALLOC, &tcmalloc_needs)                                                       \
    ROW(mimalloc, MIMALLOC, NULL)                                                                  \
    /* The next one above this line. */
/* clang-format on */

enum origin { BUILT_IN, MODULE, NOT_BUILT };

/* Rows never move, and what is known of one does not change. */
struct row {
    char name[ZM_NAME_MAX + 1];
    enum origin origin;
    const struct zm_module_needs *needs;
    struct zm_candidate candidate; /* backend is NULL until it is known */
    int load_error;                /* ENOTSUP: not installed; ENOEXEC: cannot be used */
    bool started;
    int start_error;
    const char *why;              /* "", or one of the two errors, or why it is not built */
    char why_text[ZM_WHY_SIZE];   /* written before why points to it, once */
    struct zmalloc_backend table; /* of a foreign one: a copy with this version's members */
};

#define DECLARE_INSTANCE(id, ID, needs) extern const struct zm_instance zm_instance_##id;
OUR_BACKENDS(DECLARE_INSTANCE)

/* The static library has built in what is a module of the shared one. */
#ifdef ZM_ARCHIVE
#define OF_THIS_LIBRARY(ID, what) ZM_STATIC_##ID##_##what
#else
#define OF_THIS_LIBRARY(ID, what) ZM_##ID##_##what
#endif

#define DEFINE_ROW(id, ID, module_needs)                                                           \
    {.name = #id,                                                                                  \
     .origin = OF_THIS_LIBRARY(ID, ORIGIN),                                                        \
     .needs = module_needs,                                                                        \
     .candidate = {.instance = OF_THIS_LIBRARY(ID, INSTANCE), .origin = "built in"},               \
     .why = ZM_##ID##_WHY},
static struct row our_rows[] = {OUR_BACKENDS(DEFINE_ROW)};

static struct row foreign_rows[FOREIGN_MAX];
static size_t foreign_count;

/* How many modules are being opened: by all threads, and by this one, which may do so recursively.
 * */
static unsigned openers;
static _Thread_local unsigned opening __attribute__((tls_model("initial-exec")));

#define OUR_COUNT (sizeof our_rows / sizeof *our_rows)

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

/* The static library has no modules, whatever was built beside it. */
static bool row_is_in_this_build(const struct row *row)
{
    return row->origin != NOT_BUILT && (row->origin != MODULE || zm_module_refusal() == NULL);
}

/* The trouble is "failed to start" or shorter. A reason that is too long is cut. */
static void row_explain(struct row *row, const char *trouble, const char *why)
{
    const int room = (int)(sizeof row->why_text - sizeof "failed to start: ");

    snprintf(row->why_text, sizeof row->why_text, "%s: %.*s", trouble, room, why);
    row->why = row->why_text;
}

/* ---- Finding ---- */

/* The result of opening a module. */
struct opened {
    int error;
    struct zm_candidate candidate;
    char why[ZM_WHY_SIZE];
};

/* Without the lock. Several threads may open a module at once, with the same result. */
static void open_module(const char *name, const struct zm_module_needs *needs,
                        struct opened *opened)
{
    int state = zm_cancel_off();

    opened->candidate = (struct zm_candidate){0};
    opened->why[0] = '\0';
    zm_choice_lock();
    openers++;
    opening++;
    zm_choice_unlock();
    opened->error = zm_module_open(name, needs, &opened->candidate, opened->why);
    zm_choice_lock();
    openers--;
    opening--;
    zm_choice_unlock();
    zm_cancel_restore(state);
}

bool zm_registry_others_open(void)
{
    return openers > opening;
}

void zm_registry_forget_openers(void)
{
    openers = opening;
}

/* A backend with an instance keeps the table that it was compiled with. */
static void row_copy_table(struct row *row)
{
    if (row->candidate.instance != NULL || row->candidate.backend == NULL)
        return;
    zmalloc_backend_copy(&row->table, row->candidate.backend);
    row->table.name = row->name;
    row->candidate.backend = &row->table;
}

static struct row *add_foreign(const char *name, enum origin origin,
                               const struct zm_candidate *candidate)
{
    struct row *row;

    if (foreign_count == FOREIGN_MAX)
        return NULL;
    row = &foreign_rows[foreign_count++];
    *row = (struct row){.candidate = *candidate, .origin = origin, .why = ""};
    snprintf(row->name, sizeof row->name, "%s", name);
    row_copy_table(row);
    return row;
}

/* The first result counts. */
static void row_learn(struct row *row, const struct opened *opened)
{
    if (row->candidate.backend != NULL || row->load_error != 0)
        return;
    row->candidate = opened->candidate;
    row_copy_table(row);
    row->load_error = opened->error;
    if (opened->error != 0)
        row_explain(row, opened->error == ENOTSUP ? "not installed" : "failed to start",
                    opened->why);
}

#ifdef ZM_MAY_BE_BEHIND
/* Of the shared library. */
extern const struct zm_instance zm_instance_libc_preload __attribute__((weak));
extern const struct zm_instance zm_instance_native_preload __attribute__((weak));
#endif

/* If the preload library is in the process, the C library's malloc is behind it. */
static const struct zm_instance *instance_of(const struct row *row)
{
#ifdef ZM_MAY_BE_BEHIND
    if (zm_c_malloc_is_behind() && row->candidate.instance == ZM_LIBC_INSTANCE)
        return &zm_instance_libc_preload;
    if (zm_c_malloc_is_behind() && row->candidate.instance == ZM_NATIVE_INSTANCE)
        return &zm_instance_native_preload;
#endif
    return row->candidate.instance;
}

/* Whether the answer is known without opening a module. Then *error is set, and *candidate if it is
 * 0. */
static bool row_tell(struct row *row, struct zm_candidate *candidate, int *error)
{
    if (row->origin == BUILT_IN && row->candidate.backend == NULL) {
        row->candidate.instance = instance_of(row);
        row->candidate.backend = row->candidate.instance->backend;
    }
    *error = row_is_in_this_build(row) ? row->load_error : ENOTSUP;
    if (*error == 0)
        *candidate = row->candidate;
    return *error != 0 || candidate->backend != NULL;
}

/* A name without a row may be that of a foreign module, which then gets one. */
static int learn(const char *name, const struct opened *opened, struct zm_candidate *candidate)
{
    struct row *row = row_named(name);
    int error;

    if (row == NULL && opened->error == ENOTSUP)
        return ENOENT;
    if (row == NULL)
        row = add_foreign(name, MODULE, &opened->candidate);
    if (row == NULL)
        return ENOSPC;
    row_learn(row, opened);
    row_tell(row, candidate, &error);
    return error;
}

int zm_registry_find(const char *name, struct zm_candidate *candidate)
{
    const struct zm_module_needs *needs = NULL;
    struct opened opened;
    struct row *row;
    bool known;
    int error = ENOENT;

    *candidate = (struct zm_candidate){0};
    zm_choice_lock();
    row = row_named(name);
    known = row != NULL ? row_tell(row, candidate, &error) : !zm_name_is_valid(name);
    needs = row != NULL ? row->needs : NULL;
    zm_choice_unlock();
    if (known)
        return error;
    open_module(name, needs, &opened);
    zm_choice_lock();
    error = learn(name, &opened, candidate);
    zm_choice_unlock();
    return error;
}

/* ---- Remembering ---- */

/* Every backend that was found has a row. */
static struct row *row_of_found(const char *name)
{
    struct row *row = row_named(name);

    ZM_ASSUME(row != NULL);
    return row;
}

bool zm_registry_has_started(const char *name, int *error)
{
    const struct row *row;

    zm_choice_lock();
    row = row_of_found(name);
    *error = row->start_error;
    zm_choice_unlock();
    return row->started;
}

void zm_registry_set_started(const char *name, int error, const char *why)
{
    struct row *row;

    zm_choice_lock();
    row = row_of_found(name);
    row->started = true;
    row->start_error = error;
    if (error != 0)
        row_explain(row, "failed to start", why);
    zm_choice_unlock();
}

int zm_registry_add(const struct zmalloc_backend *backend)
{
    struct zm_candidate candidate = {.backend = backend, .origin = "registered by the program"};
    int error = 0;

    zm_choice_lock();
    if (row_named(backend->name) != NULL)
        error = EEXIST;
    else if (add_foreign(backend->name, BUILT_IN, &candidate) == NULL)
        error = ENOSPC;
    zm_choice_unlock();
    return error;
}

/* ---- Describing ---- */

/* False if it also depends on whether the module is there. */
static bool row_describe(const struct row *row, struct zmalloc_backend_info *info)
{
    *info = (struct zmalloc_backend_info){.name = row->name, .why = row->why};
    if (!row_is_in_this_build(row)) {
        info->state = ZMALLOC_BACKEND_NOT_BUILT;
        info->why = row->origin == MODULE ? zm_module_refusal() : row->why;
    } else if (row->load_error != 0 || row->start_error != 0) {
        info->state = ZMALLOC_BACKEND_BROKEN;
    } else if (row->origin == BUILT_IN) {
        info->state = ZMALLOC_BACKEND_BUILT_IN;
    } else {
        info->state = ZMALLOC_BACKEND_LOADABLE;
        return row->candidate.backend != NULL;
    }
    return true;
}

/* A foreign module that found no free row. */
static int describe_without_row(const char *name, bool has_room, struct zmalloc_backend_info *info)
{
    if (has_room || !zm_module_exists(name))
        return ENOENT;
    *info = (struct zmalloc_backend_info){
        .name = name,
        .state = ZMALLOC_BACKEND_BROKEN,
        .why = "failed to start: eight foreign backends are known already",
    };
    return 0;
}

static void look_for_module(struct zmalloc_backend_info *info)
{
    if (zm_module_exists(info->name))
        return;
    info->state = ZMALLOC_BACKEND_BROKEN;
    info->why = "not installed";
}

int zm_registry_describe(const char *name, struct zmalloc_backend_info *info)
{
    const struct row *row;
    bool has_room;
    bool certain;

    zm_choice_lock();
    row = row_named(name);
    certain = row != NULL && row_describe(row, info);
    has_room = foreign_count < FOREIGN_MAX;
    zm_choice_unlock();
    if (row == NULL)
        return describe_without_row(name, has_room, info);
    if (!certain)
        look_for_module(info);
    return 0;
}

int zm_registry_describe_at(size_t index, struct zmalloc_backend_info *info)
{
    const struct row *row;
    bool certain;

    zm_choice_lock();
    row = row_at(index);
    certain = row != NULL && row_describe(row, info);
    zm_choice_unlock();
    if (row != NULL && !certain)
        look_for_module(info);
    return row != NULL ? 0 : ENOENT;
}

void zm_registry_list_available(struct zm_message *message)
{
    struct zmalloc_backend_info info;

    for (size_t i = 0, listed = 0; zm_registry_describe_at(i, &info) == 0; i++) {
        if (info.state != ZMALLOC_BACKEND_BUILT_IN && info.state != ZMALLOC_BACKEND_LOADABLE)
            continue;
        if (listed++ > 0)
            zm_message_text(message, " ");
        zm_message_text(message, info.name);
    }
}

const char *zm_registry_nearest(const char *name)
{
    const char *names[OUR_COUNT + FOREIGN_MAX + 1];
    const struct row *row;
    size_t count = 0;

    zm_choice_lock();
    while ((row = row_at(count)) != NULL)
        names[count++] = row->name;
    zm_choice_unlock();
    names[count] = NULL;
    return zm_nearest(name, names);
}
