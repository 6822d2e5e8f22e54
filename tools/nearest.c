/* SPDX-License-Identifier: BSD-3-Clause */

/* What a mistyped word was probably meant to be. */

#include <stdbool.h>
#include <string.h>

#include "verb.h"

#define LENGTH_MAX 63 /* a longer word is no mistyped one of ours */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t less = a < b ? a : b;

    return less < c ? less : c;
}

/*
 * How many characters have to be inserted, left out, replaced or exchanged with their neighbour.
 * Three rows of the table are enough: an exchange looks back two.
 */
static size_t distance(const char *from, const char *to)
{
    size_t rows[3][LENGTH_MAX + 1];
    size_t length = strlen(to);

    for (size_t j = 0; j <= length; j++)
        rows[0][j] = j;
    for (size_t i = 1; from[i - 1] != '\0'; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1,
                           above[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                row[j] = least(row[j], row[j], two_above[j - 2] + 1);
        }
    }
    return rows[strlen(from) % 3][length];
}

static bool begins_with(const char *text, const char *word)
{
    return *word != '\0' && strncmp(text, word, strlen(word)) == 0;
}

const char *nearest(const char *word, const char *const *candidates)
{
    size_t length = strlen(word);
    /* In three characters one may be wrong: more, and any short word would be near. */
    size_t best = (length + 2) / 3 + 1;
    const char *found = NULL;

    if (length > LENGTH_MAX)
        return NULL;
    for (; *candidates != NULL; candidates++) {
        size_t edits;

        if (strlen(*candidates) > LENGTH_MAX)
            continue;
        edits = begins_with(*candidates, word) ? 0 : distance(word, *candidates);
        if (edits < best) {
            best = edits;
            found = *candidates;
        }
    }
    return found;
}
