/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_CHOICE_H
#define ZM_CHOICE_H

/* What the choice and its messages share. */

#include "internal.h"
#include "list.h"

/* Copies the element into a name; false where it cannot be one. */
bool zm_choice_name(struct zm_element element, char name[ZM_NAME_MAX + 1]);

/* One line for each element of the list in which nothing can start, but one for all that a layer
 * refuses; then the end. */
_Noreturn void zm_choice_refuse_to_run(const char *source, const char *list);

/* The end of a backend that calls the library before it has started. */
_Noreturn void zm_choice_refuse_recursion(void);

#endif
