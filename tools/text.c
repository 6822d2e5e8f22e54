/* SPDX-License-Identifier: BSD-3-Clause */

/* Texts for people: made in memory of their own, laid out for the terminal that shows them. */

#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- What a terminal can show ---- */

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

/* ---- Texts ---- */

char *text_format_list(const char *format, va_list list)
{
    char *text = NULL;

    if (vasprintf(&text, format, list) < 0) {
        fputs("zmalloc: no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return text;
}

char *text_format(const char *format, ...)
{
    va_list list;
    char *text;

    va_start(list, format);
    text = text_format_list(format, list);
    va_end(list);
    return text;
}

bool text_begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

const char *text_find_line(const char *text, const char *beginning)
{
    while (*text != '\0' && !text_begins_with(text, beginning)) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return *text != '\0' ? text : NULL;
}

void text_trim(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    text[length] = '\0';
}

#define TEXT_WIDTH_LEAST 20 /* on less nothing can be laid out */

/* Bytes that begin a character of UTF-8. */
static int columns_of(const char *text, size_t length)
{
    int columns = 0;

    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

size_t text_columns(const char *text)
{
    return (size_t)columns_of(text, strlen(text));
}

size_t text_fitting(const char *text, size_t columns)
{
    size_t length = strlen(text);

    while (length > 0 && (size_t)columns_of(text, length) > columns)
        length--;
    return length;
}

size_t text_width(FILE *to)
{
    size_t columns = terminal_columns(to);

    if (columns < TEXT_WIDTH_LEAST)
        return TEXT_WIDTH_LEAST;
    return columns < TEXT_WIDTH ? columns : TEXT_WIDTH;
}

void text_print_wrapped(FILE *to, int column, int indent, const char *text)
{
    int width = (int)text_width(to);
    bool is_first = true;

    for (text += strspn(text, " \n"); *text != '\0'; text += strspn(text, " \n")) {
        size_t length = strcspn(text, " \n");
        int columns = columns_of(text, length);

        if (column + !is_first + columns > width && (!is_first || column > indent)) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
        } else if (!is_first) {
            putc(' ', to);
            column++;
        }
        fwrite(text, 1, length, to);
        column += columns;
        text += length;
        is_first = false;
    }
    putc('\n', to);
}

char *text_bytes(unsigned long long bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned long long tenths;
    size_t unit = 0;
    unsigned shift;

    while (unit + 1 < sizeof units / sizeof *units && bytes >> (10 * (unit + 1)) != 0)
        unit++;
    shift = (unsigned)(10 * unit);
    tenths = unit == 0 ? 0 : (bytes >> (shift - 10)) % 1024 * 10 / 1024;
    if (tenths == 0)
        return text_format("%llu %s", bytes >> shift, units[unit]);
    return text_format("%llu.%llu %s", bytes >> shift, tenths, units[unit]);
}

char *text_harmless(const char *text)
{
    char *copy = text_format("%s", text);

    for (char *at = copy; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    return copy;
}

json_t *text_json(const char *text)
{
    json_t *string = json_string(text);
    char *ascii;

    if (string != NULL)
        return string;
    ascii = text_format("%s", text);
    for (char *at = ascii; *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    string = json_string(ascii);
    free(ascii);
    return string;
}
