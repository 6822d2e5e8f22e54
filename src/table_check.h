/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_TABLE_CHECK_H
#define ZM_TABLE_CHECK_H

/* Tables of backends that are not ours, and their names. */

#include "base.h"
#include "option_list.h"

/* Whether a backend can have that name: 1 to ZM_NAME_MAX of [a-z0-9_-]. */
bool zm_name_is_valid(const char *name);
/* Copies the element into a name; false if it cannot be one. */
bool zm_element_is_name(struct zm_element element, char name[ZM_NAME_MAX + 1]);

/* 0; or ENOTSUP or EINVAL, and what is wrong with the table in ZM_WHY_SIZE bytes. */
int zm_table_check(const struct zmalloc_backend *table, char *why);
/* Whether a structure of the program's can have this size; least is the end of what it must have. */
bool zm_struct_size_is_sound(size_t size, size_t least);

#endif
