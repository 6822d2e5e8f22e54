/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_INTERNAL_H
#define ZM_INTERNAL_H

/*
 * What the files of the library share. Functions marked ZM_PRIVATE are also called by our own
 * modules (libzmalloc-NAME.so), which come from the same build: they are exported under the symbol
 * version ZMALLOC_PRIVATE and may change with every release. The archive has no modules, and keeps
 * them to itself.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entries.h"
#include "zmalloc_backend.h"

#ifdef ZM_ARCHIVE
#define ZM_PRIVATE __attribute__((visibility("hidden")))
#else
#define ZM_PRIVATE ZMALLOC_API
#endif
/* scripts/coverage.sh, which counts each function once, says otherwise. */
#ifndef ZM_INLINE
#define ZM_INLINE static inline __attribute__((always_inline))
#endif
#define ZM_COLD __attribute__((cold, noinline))
#define ZM_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define ZM_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* For the compiler, which then leaves out what could only matter otherwise. */
#define ZM_ASSUME(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_unreachable();                                                               \
    } while (0)

/* Keeps a variable that is wanted rarely on the stack, where a register would have to be saved. */
#define ZM_SPILL(variable) __asm__("" : "+m"(variable))

/* What threads share the thread sanitizer has to see; it is done differently for it. */
#if defined(__SANITIZE_THREAD__)
#define ZM_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ZM_THREAD_SANITIZER
#endif
#endif

/* sysexits.h calls it EX_CONFIG. */
#define ZM_EXIT_CONFIG 78

/* From this size on a request fails. */
#define ZM_SIZE_LIMIT (SIZE_MAX / 2)
/* What size 0 counts as. */
#define ZM_SIZE_OF_NOTHING sizeof(long)

/* What a public function returns for an errno value: 0, or -1 with errno set. */
static inline int zm_result(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

/* The core compiled for one backend. */
struct zm_instance {
    const char *build; /* ZM_BUILD: what of zmalloc it was compiled with */
    const struct zmalloc_backend *backend;
    struct zm_entries entries;
};

/* ---- log.c: messages, made on the stack and written with one write(2) ---- */

struct zm_message {
    size_t length;
    char text[1000];
};

/* Each appends what fits; a message that is full stays valid. */
void zm_message_text(struct zm_message *message, const char *text);
/* At most 64 bytes, in quotes; quotes, backslashes and what is not printable ASCII as \xNN. */
void zm_message_quoted(struct zm_message *message, const char *text, size_t length);
void zm_message_decimal(struct zm_message *message, size_t number);
void zm_message_pointer(struct zm_message *message, const void *pointer);
/* Writes "zmalloc: ", the message and a newline to stderr, and keeps errno. */
void zm_message_send(struct zm_message *message);

/* ---- oom.c ---- */

/* Calls the handler; or ends the process, where that is what has run out of memory. Returns NULL if
 * the handler returns, with errno ENOMEM. alignment is 0 for a block that needs none of its own. */
ZM_PRIVATE ZM_COLD void *zm_out_of_memory(size_t size, size_t alignment);

/* ---- registry.c: the known backends. Each function takes the choice lock for itself, and has it
 * not where it calls the dynamic linker. ---- */

/* Names have at most this many characters. */
#define ZM_NAME_MAX 31
/* A choice has at most this many layers, each once; their names are as long as those of backends. */
#define ZM_LAYERS_MAX 4
/* LAYER+LAYER+NAME */
#define ZM_WHOLE_NAME_MAX ((ZM_LAYERS_MAX + 1) * (ZM_NAME_MAX + 1) - 1)
/* Reasons are cut to this size, the final 0 included. */
#define ZM_WHY_SIZE 200

/* A backend that is ready to be started. */
struct zm_candidate {
    const struct zmalloc_backend *backend;
    const struct zm_instance *instance; /* NULL: it has none of its own, the generic one serves */
    const char *origin;                 /* see zmalloc_backend_origin() */
};

/* Whether a backend can be called that: 1 to ZM_NAME_MAX of [a-z0-9_-]. */
bool zm_name_is_valid(const char *name);
/* Finds a backend by name and loads its module if it has one. Returns 0; or, and then *candidate is
 * all 0, ENOENT: unknown; ENOTSUP: not in this build or not installed; ENOEXEC: the module cannot be
 * used; ENOSPC: one foreign module too many. */
int zm_registry_find(const char *name, struct zm_candidate *candidate);
/* Whether a backend that was found has been started before, and then with what result. */
bool zm_registry_has_started(const char *name, int *error);
/* Remembers that it has started, error 0, or why it did not. */
void zm_registry_set_started(const char *name, int error, const char *why);
/* Adds a copy of a checked table of the program's. Returns 0, EEXIST or ENOSPC. */
int zm_registry_add(const struct zmalloc_backend *backend);
/* What is known of a name, or of the row number index: 0, or ENOENT. */
int zm_registry_describe(const char *name, struct zmalloc_backend_info *info);
int zm_registry_describe_at(size_t index, struct zmalloc_backend_info *info);
/* Appends the names that can be chosen, separated by blanks. */
void zm_registry_list_available(struct zm_message *message);
/* The known name that is nearest to one that is not; NULL where none is near. */
const char *zm_registry_nearest(const char *name);
/* For fork: whether another thread is just opening a module; and that there is no other any more. */
bool zm_registry_others_open(void);
void zm_registry_forget_openers(void);

/* ---- table.c: tables of others, which may be of other versions ---- */

/* 0, or ENOTSUP or EINVAL and what is wrong with the table, in ZM_WHY_SIZE bytes. */
int zm_table_check(const struct zmalloc_backend *table, char *why);
/* Whether a structure of the program's can have this size; from least on it has what must be there. */
bool zm_struct_size_is_sound(size_t size, size_t least);

/* ---- backend.c ---- */

/* Marks a figure that nobody knows. */
#define ZM_UNKNOWN SIZE_MAX

struct zm_allocator_info {
    size_t allocated, active, resident, retained, muzzy;
};

/* What the active backend says of its allocator, and ZM_UNKNOWN for the rest. */
struct zm_allocator_info zm_allocator_info(void);

/* ---- module.c, or no_modules.c in the static library ---- */

/* How a module of ours has to be opened. */
struct zm_module_needs {
    /* The libraries of which the first that is there must be open before it; up to a NULL. */
    const char *const *opens_first;
    /* What it is linked with comes before what the program has under the same names. */
    bool own_names_first;
};

/* Opens the module of that name; needs may be NULL. Returns 0; ENOTSUP: not installed; ENOEXEC: it
 * cannot be used; and then why, in ZM_WHY_SIZE bytes. */
int zm_module_open(const char *name, const struct zm_module_needs *needs,
                   struct zm_candidate *candidate, char *why);
/* Whether the module's file is where it is looked for. Opens nothing. */
bool zm_module_exists(const char *name);
/* Why this library opens no modules at all; NULL where it does. */
const char *zm_module_refusal(void);

/* ---- stay.c ---- */

/* Keeps the object that this copy of the library is in from being closed. */
#ifdef ZM_ARCHIVE
void zm_stay_loaded(void);
#else
static inline void zm_stay_loaded(void)
{
}
#endif

/* ---- process.c: false where the system does not tell; then *bytes is 0 ---- */

bool zm_rss(size_t *bytes);
/* Of the process pid; -1 is this one. */
bool zm_private_dirty(long pid, size_t *bytes);

/* ---- generic.c ---- */

/* The instance over a table that is known at run time only. There is one; the last call decides. A
 * layer's table gets size 0 as it was asked for, see layer.h. */
const struct zm_instance *zm_generic_instance(const struct zmalloc_backend *backend, bool is_layer);

/* ---- choice.c ---- */

/* Makes sure that a backend is active; ends the process if none can be. */
ZM_COLD void zm_choose(void);
/* zmalloc_init(), but that it does not look at the environment: returns 0 or the errno value. */
int zm_try_to_choose(const char *list);
/*
 * Guards the registry, the environment as it was read, and what is written while a choice is made.
 * The thread that holds it may take it again. The dynamic linker is not called under it: a thread
 * that is in a constructor of a plug-in has the linker's lock, and may want this one. (What a backend
 * does in its start, and a layer when it is put over one, is their own.)
 */
void zm_choice_lock(void);
void zm_choice_unlock(void);
/* Takes the lock, and no other thread is opening a module. */
void zm_choice_before_fork(void);
/* The active backend, with the layers over it; makes the choice if none was made. */
const struct zmalloc_backend *zm_active(void);

/* How the active backend came to be that; lives as long as the process. */
struct zm_choice {
    const char *by; /* "ZMALLOC_BACKEND", "zmalloc_init" or "default_backend" */
    char list[256]; /* what it said; "..." ends one that was longer */
    const char *origin;
};

/* Makes the choice if none was made. */
const struct zm_choice *zm_active_choice(void);

/* Whether the layer stands over the active backend; makes the choice if none was made. */
struct zm_layer;
bool zm_has_layer(const struct zm_layer *layer);

/* ---- stats_exit.c ---- */

/* Reads ZMALLOC_STATS, and says so where it is wrong. Called once, when the library is loaded. */
void zm_stats_exit_prepare(void);

/* ---- zmalloc.c: the sealed table ---- */

/* Fills the table from the instance and makes its pages read-only. */
void zm_table_seal(const struct zm_instance *instance);

#endif
