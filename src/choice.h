/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_CHOICE_H
#define ZM_CHOICE_H

/* The active backend, and how it was chosen. Functions that need a choice make it if there is none;
 * if no backend can be chosen, the process ends. */

#include "base.h"
#include "instance.h"
#include "layer.h"

/* The active backend's instance of the core, or the generic one if there are layers. */
const struct zm_instance *zm_choose(void);
/* The same without choosing: NULL before the choice. */
const struct zm_instance *zm_chosen(void);
/* Whether this thread is inside: looking for a backend, or starting it. */
ZM_PRIVATE bool zm_is_choosing(void);
/* The outermost table. */
const struct zmalloc_backend *zm_active(void);
/* LAYER+LAYER+BACKEND */
const char *zm_active_name(void);
/* Whether the layer is over the active backend. */
bool zm_has_layer(const struct zm_layer *layer);

/* Lives as long as the process. */
struct zm_choice {
    const char *by; /* "ZMALLOC_BACKEND", "zmalloc_init" or "default_backend" */
    char list[256]; /* as it was given; cut with "..." if longer */
    const char *origin;
};

const struct zm_choice *zm_active_choice(void);

/* zmalloc_init(): returns 0 or the errno value. */
int zm_init(const char *list);
/* The same without reading the environment again. */
int zm_try_to_choose(const char *list);

/* Reads the environment, when the library is loaded. True if the operator has named a backend. */
bool zm_choice_load(void);

/* For fork. The first takes the choice lock, the others release it. No other thread is opening a
 * module in between, unless the wait took too long. */
void zm_choice_before_fork(void);
void zm_choice_after_fork(void);
void zm_choice_after_fork_in_child(void);

#endif
