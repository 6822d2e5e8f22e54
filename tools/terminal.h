/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_TERMINAL_H
#define TOOLS_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

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

#endif
