/* SPDX-License-Identifier: BSD-3-Clause */

#include "list.h"

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
