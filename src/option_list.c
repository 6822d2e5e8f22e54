/* SPDX-License-Identifier: BSD-3-Clause */

#include "option_list.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool zm_list_next(const char **rest, struct zm_element *element)
{
    while (**rest != '\0') {
        const char *start = *rest;
        const char *end = start + strcspn(start, ",");

        *rest = *end == ',' ? end + 1 : end;
        while (start < end && is_blank(*start))
            start++;
        while (end > start && is_blank(end[-1]))
            end--;
        if (start < end) {
            *element = (struct zm_element){.text = start, .length = (size_t)(end - start)};
            return true;
        }
    }
    return false;
}

/* ---- Taking an element apart ---- */

static void drop(struct zm_element *rest, size_t length)
{
    rest->text += length;
    rest->length -= length;
}

bool zm_element_take(struct zm_element *rest, const char *word)
{
    size_t length = strlen(word);

    if (rest->length < length || memcmp(rest->text, word, length) != 0)
        return false;
    drop(rest, length);
    return true;
}

bool zm_element_take_digit(struct zm_element *rest, unsigned *digit)
{
    if (rest->length == 0 || *rest->text < '0' || *rest->text > '9')
        return false;
    *digit = (unsigned)(*rest->text - '0');
    drop(rest, 1);
    return true;
}

bool zm_element_take_number(struct zm_element *rest, uint64_t *number)
{
    unsigned digit;

    if (!zm_element_take_digit(rest, &digit))
        return false;
    *number = 0;
    do {
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, digit, number))
            *number = UINT64_MAX;
    } while (zm_element_take_digit(rest, &digit));
    return true;
}

static size_t take_unit(struct zm_element *rest)
{
    static const char units[] = "kKmMgG";
    const char *unit = rest->length > 0 ? memchr(units, *rest->text, sizeof units - 1) : NULL;

    if (unit == NULL)
        return 1;
    drop(rest, 1);
    return (size_t)1024 << (unit - units) / 2 * 10;
}

bool zm_element_take_size(struct zm_element *rest, size_t *size)
{
    uint64_t number;

    if (!zm_element_take_number(rest, &number))
        return false;
    if (__builtin_mul_overflow(number, take_unit(rest), size))
        *size = SIZE_MAX;
    return true;
}
