/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_CHOICE_H
#define ZM_CHOICE_H

/* The active backend, and how it came to be that. Whoever needs it makes the choice if none was made;
 * if no backend can be chosen, the process ends. */

#include "base.h"
#include "instance.h"
#include "layer.h"

/* The core of the active backend, with the layers over it. */
const struct zm_instance *zm_choose(void);
/* The same, but it chooses nothing: NULL before the choice. */
const struct zm_instance *zm_chosen(void);
/* The outermost table. */
const struct zmalloc_backend *zm_active(void);
/* Whether the layer is over the active backend. */
bool zm_has_layer(const struct zm_layer *layer);

/* Lives as long as the process. */
struct zm_choice {
    const char *by; /* "ZMALLOC_BACKEND", "zmalloc_init" or "default_backend" */
    char list[256]; /* what it said; "..." ends one that was longer */
    const char *origin;
};

const struct zm_choice *zm_active_choice(void);

/* zmalloc_init(): returns 0 or the errno value. */
int zm_init(const char *list);
/* The same, but it does not look at the environment again. */
int zm_try_to_choose(const char *list);

/* Reads the environment, when the library is loaded. True if the operator has named a backend. */
bool zm_choice_load(void);

/* For fork: they hold the choice lock from the first to one of the others. No other thread is opening
 * a module then. */
void zm_choice_before_fork(void);
void zm_choice_after_fork(void);
void zm_choice_after_fork_in_child(void);

#endif
