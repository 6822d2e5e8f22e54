/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_ENVIRONMENT_H
#define ZM_ENVIRONMENT_H

/*
 * Variables of the environment as they were when the library was loaded, or when the program called
 * zmalloc_init() last. They are not looked at in between: a thread that asks for its first block
 * while another calls setenv() would read what is just being moved.
 */

#include <stdbool.h>

struct zm_setting {
    const char *variable; /* its name */
    /* The rest is environment.c's. */
    const char *value;
    struct zm_setting *next;
    bool is_known;
};

/* What it says, for the life of the process; NULL where it is unset, or not to be trusted. One that
 * is asked for the first time is read now, and from then on whenever the others are. */
const char *zm_setting_value(struct zm_setting *setting);

/* Reads all that were ever asked for. */
void zm_environment_read(void);

#endif
