/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_TABLE_CHECK_H
#define ZM_TABLE_CHECK_H

/* Checks of backend tables that are not ours, and of names. */

#include "base.h"
#include "option_list.h"

/* Whether it can be a backend's name: 1 to ZM_NAME_MAX of [a-z0-9_-]. */
bool zm_name_is_valid(const char *name);
/* Copies the element into name. False if it cannot be one. */
bool zm_element_is_name(struct zm_element element, char name[ZM_NAME_MAX + 1]);

/* Returns 0; or ENOTSUP or EINVAL, with the reason in why, which has ZM_WHY_SIZE bytes. */
int zm_table_check(const struct zmalloc_backend *table, char *why);
/* Whether a program's structure can have this size. least is the end of the last member that it
 * must have. */
bool zm_struct_size_is_sound(size_t size, size_t least);

#endif
