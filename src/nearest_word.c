/* SPDX-License-Identifier: BSD-3-Clause */

/* Finds the word that a mistyped one was probably meant to be. */

#include "nearest_word.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LENGTH_MAX 63 /* longer than any word of ours */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned less = a < b ? a : b;

    return less < c ? less : c;
}

/*
 * The edit distance: how many characters to insert, delete, replace, or swap with their neighbour.
 * A swap looks back two rows, so three rows of the table are enough.
 */
static unsigned distance(const char *from, const char *to)
{
    unsigned rows[3][LENGTH_MAX + 1];
    size_t length = strlen(to);

    for (unsigned j = 0; j <= length; j++)
        rows[0][j] = j;
    for (unsigned i = 1; from[i - 1] != '\0'; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= length; j++) {
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

const char *zm_nearest(const char *word, const char *const *candidates)
{
    size_t length = strlen(word);
    /* One of three characters may be wrong. With more, any short word would match. */
    size_t best = (length + 2) / 3 + 1;
    const char *found = NULL;

    if (length > LENGTH_MAX)
        return NULL; /* GCOVR_EXCL_LINE: names of backends are shorter; some words are not */
    for (; *candidates != NULL; candidates++) {
        unsigned edits;

        if (strlen(*candidates) > LENGTH_MAX)
            continue; /* GCOVR_EXCL_LINE: as above */
        edits = begins_with(*candidates, word) ? 0 : distance(word, *candidates);
        if (edits < best) {
            best = edits;
            found = *candidates;
        }
    }
    return found;
}
