/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LIST_H
#define ZM_LIST_H

/* Lists with commas between their elements, as the environment and zmalloc_init() give them. */

#include <stdbool.h>
#include <stddef.h>

/* A part of a text, without a final 0. */
struct zm_element {
    const char *text;
    size_t length;
};

/*
 * The next element without the blanks around it, and *rest behind it; empty ones are passed over.
 * False where there is none.
 */
bool zm_list_next(const char **rest, struct zm_element *element);

#endif
