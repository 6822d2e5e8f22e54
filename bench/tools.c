/* SPDX-License-Identifier: BSD-3-Clause */

#include "tools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool read_count(const char *text, size_t most, size_t *value)
{
    char *end;
    unsigned long number;

    /* strtoul() accepts blanks and a minus sign. */
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < 1 || number > most)
        return false;
    *value = number;
    return true;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

void print_json_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ')
            printf("\\u%04x", c);
        else if (c == '"' || c == '\\')
            printf("\\%c", c);
        else
            putchar(c);
    }
    putchar('"');
}
