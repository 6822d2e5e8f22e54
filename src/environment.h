/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_ENVIRONMENT_H
#define ZM_ENVIRONMENT_H

/*
 * Environment variables as they were when the library was loaded, or at the program's last call of
 * zmalloc_init(). They are not read in between: if a thread asked for its first block while another
 * calls setenv(), it would read what is just being moved.
 */

#include <stdbool.h>

struct zm_setting {
    const char *variable; /* its name */
    /* Only environment.c touches the rest. */
    const char *value;
    struct zm_setting *next;
    bool is_known;
};

/* Its value, valid for the life of the process. NULL if it is unset or not to be trusted. A
 * variable is read when it is first asked for, and from then on whenever the others are. */
const char *zm_setting_value(struct zm_setting *setting);

/* Reads every variable that was ever asked for. */
void zm_environment_read(void);

#endif
