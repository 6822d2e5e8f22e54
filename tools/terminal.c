/* SPDX-License-Identifier: BSD-3-Clause */

/* What a terminal can show. */

#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_UNKNOWN 80

static bool is_set(const char *value)
{
    return value != NULL && *value != '\0';
}

bool is_terminal(FILE *to)
{
    const char *term = getenv("TERM");

    return isatty(fileno(to)) && is_set(term) && strcmp(term, "dumb") != 0;
}

bool use_colour(FILE *to)
{
    return is_terminal(to) && !is_set(getenv("NO_COLOR"));
}

size_t terminal_columns(FILE *to)
{
    struct winsize size;

    if (ioctl(fileno(to), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_UNKNOWN;
    return size.ws_col;
}

const char *style(FILE *to, enum style style)
{
    static const char *const sequences[] = {
        [STYLE_NONE] = "\033[0m", [STYLE_BOLD] = "\033[1m",   [STYLE_DIM] = "\033[2m",
        [STYLE_RED] = "\033[31m", [STYLE_GREEN] = "\033[32m", [STYLE_YELLOW] = "\033[33m",
    };

    return use_colour(to) ? sequences[style] : "";
}
