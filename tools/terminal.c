/* SPDX-License-Identifier: BSD-3-Clause */

/* What a terminal can show. */

#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_UNKNOWN 80   /* of a terminal that does not say */
#define COLUMNS_OF_FILES 100 /* and of what is none */
#define COLUMNS_MOST 10000   /* more is no number of columns */

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

/* COLUMNS, as far as it is a number; else 0. */
static size_t columns_wanted(void)
{
    const char *columns = getenv("COLUMNS");
    unsigned long value;
    char *end;

    if (columns == NULL || *columns < '0' || *columns > '9')
        return 0;
    value = strtoul(columns, &end, 10);
    return *end == '\0' && value <= COLUMNS_MOST ? value : 0;
}

size_t terminal_columns(FILE *to)
{
    size_t wanted = columns_wanted();
    struct winsize size;

    if (ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    if (wanted > 0)
        return wanted;
    return isatty(fileno(to)) ? COLUMNS_UNKNOWN : COLUMNS_OF_FILES;
}

const char *style(FILE *to, enum style style)
{
    static const char *const sequences[] = {
        [STYLE_NONE] = "\033[0m", [STYLE_BOLD] = "\033[1m",   [STYLE_DIM] = "\033[2m",
        [STYLE_RED] = "\033[31m", [STYLE_GREEN] = "\033[32m", [STYLE_YELLOW] = "\033[33m",
    };

    return use_colour(to) ? sequences[style] : "";
}
