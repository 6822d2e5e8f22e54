/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_OPTION_LIST_H
#define ZM_OPTION_LIST_H

/* Lists with commas between their elements, as the environment and zmalloc_init() give them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Each takes what it reads off the front, and is false where it is not there. */

bool zm_element_take(struct zm_element *rest, const char *word);
bool zm_element_take_digit(struct zm_element *rest, unsigned *digit);
/* Decimal. What is too large becomes UINT64_MAX. */
bool zm_element_take_number(struct zm_element *rest, uint64_t *number);
/* The same, with k, m or g behind it, small or capital, for KiB, MiB or GiB. What is too large
 * becomes SIZE_MAX, which no size is. */
bool zm_element_take_size(struct zm_element *rest, size_t *size);

#endif
