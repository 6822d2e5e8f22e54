/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_NEAREST_WORD_H
#define ZM_NEAREST_WORD_H

/* For messages about a mistyped word, of the library and of the command. */

/*
 * The candidate that the word was probably meant to be: it begins with the word, or is few edits
 * away. NULL where there is none. The candidates end with NULL.
 */
const char *zm_nearest(const char *word, const char *const *candidates);

#endif
