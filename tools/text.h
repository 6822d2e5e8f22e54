/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

/* Texts: made in memory of their own, and laid out in lines. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How wide what is printed for people may be, in characters. */
#define TEXT_WIDTH 100

/* As asprintf; the caller frees it. Without memory the command ends. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_format_list(const char *format, va_list list) __attribute__((format(printf, 1, 0)));

bool text_begins_with(const char *text, const char *beginning);

/* Cuts off the white space at the end. */
void text_trim(char *text);

/*
 * The words of the text in lines of at most TEXT_WIDTH columns. They begin after `indent` blanks,
 * the first one where the cursor is, which is taken to be there. Ends with a new line.
 */
void text_print_wrapped(FILE *to, int indent, const char *text);

/* "16 GiB", "1.5 GiB", "512 bytes": the largest unit that leaves a whole number before the point. */
char *text_bytes(unsigned long long bytes);

/*
 * A text from elsewhere for a terminal: control characters become "?", so that it can neither move
 * the cursor nor break a line.
 */
char *text_harmless(const char *text);

#endif
