/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* ---- What a terminal can show ---- */

/* Whether it is a terminal that understands escape sequences. */
bool is_terminal(FILE *to);

/* Whether to write in colour: on such a terminal, unless NO_COLOR is set to anything. */
bool use_colour(FILE *to);

/*
 * How wide lines may be: as the terminal is; else what COLUMNS says; else 80, and 100 for what is no
 * terminal.
 */
size_t terminal_columns(FILE *to);

enum style { STYLE_NONE, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW };

/* The escape sequence that begins a style, STYLE_NONE ends all; "" where there is no colour. */
const char *style(FILE *to, enum style style);

/* ---- Texts ---- */

/* Texts: made in memory of their own, and laid out in lines. */

/* How wide what is printed for people may be, in characters; a terminal may have fewer. */
#define TEXT_WIDTH 100

/* How wide it may be there. */
size_t text_width(FILE *to);

/* As asprintf; the caller frees it. Without memory the command ends. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_format_list(const char *format, va_list list) __attribute__((format(printf, 1, 0)));

bool text_begins_with(const char *text, const char *beginning);

/* How many characters of UTF-8 the text has. */
size_t text_columns(const char *text);

/* How many bytes of the text fit into so many columns, with whole characters of UTF-8. */
size_t text_fitting(const char *text, size_t columns);

/* Cuts off the white space at the end. */
void text_trim(char *text);

/* The line in a text of several lines that begins so; where there is none, NULL. */
const char *text_find_line(const char *text, const char *beginning);

/*
 * The words of the text in lines of at most text_width() columns. The first begins in the given
 * column, where the cursor is; the others after `indent` blanks. Ends with a new line.
 */
void text_print_wrapped(FILE *to, int column, int indent, const char *text);

/* "16 GiB", "1.5 GiB", "512 bytes": the largest unit that leaves a whole number before the point. */
char *text_bytes(unsigned long long bytes);

/*
 * A text from elsewhere for a terminal: control characters become "?", so that it can neither move
 * the cursor nor break a line.
 */
char *text_harmless(const char *text);

/* As a value of JSON, which is UTF-8: in a text that is not, "?" takes the place of other bytes. */
json_t *text_json(const char *text);

#endif
