/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_OPTION_LIST_H
#define ZM_OPTION_LIST_H

/* Lists separated by commas, as in the environment and in zmalloc_init(). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part of a text, without a final 0. */
struct zm_element {
    const char *text;
    size_t length;
};

/*
 * The next element without the blanks around it; *rest moves on behind it. Empty elements are
 * skipped. False at the end.
 */
bool zm_list_next(const char **rest, struct zm_element *element);

/* Each of these reads something at the front and removes it. False if it is not there. */

bool zm_element_take(struct zm_element *rest, const char *word);
bool zm_element_take_digit(struct zm_element *rest, unsigned *digit);
/* Decimal. A number that is too large becomes UINT64_MAX. */
bool zm_element_take_number(struct zm_element *rest, uint64_t *number);
/* The same with an optional k, m or g, in either case, for KiB, MiB or GiB. A size that is too
 * large becomes SIZE_MAX, which is no valid size. */
bool zm_element_take_size(struct zm_element *rest, size_t *size);

#endif
