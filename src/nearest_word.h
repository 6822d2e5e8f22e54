/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_NEAREST_WORD_H
#define ZM_NEAREST_WORD_H

/* For messages about mistyped words, in the library and the command. */

/*
 * The candidate that the word was probably meant to be: one that it abbreviates, or that is a few
 * edits away. NULL if there is none. The candidates end with NULL.
 */
const char *zm_nearest(const char *word, const char *const *candidates);

#endif
