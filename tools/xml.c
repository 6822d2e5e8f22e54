/* SPDX-License-Identifier: BSD-3-Clause */

/* Texts in pictures, which are XML. */

#include "xml.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* U+FFFE and U+FFFF, which XML does not take. */
static bool is_no_character(const char *text)
{
    return memcmp(text, "\xef\xbf\xbe", 3) == 0 || memcmp(text, "\xef\xbf\xbf", 3) == 0;
}

static void write_character(FILE *to, const char *at)
{
    switch (*at) {
    case '&':
        fputs("&amp;", to);
        break;
    case '<':
        fputs("&lt;", to);
        break;
    case '>':
        fputs("&gt;", to);
        break;
    case '"':
        fputs("&quot;", to);
        break;
    default:
        fputc(*at, to);
    }
}

void xml_text(FILE *to, const char *text)
{
    char *harmless = text_harmless(text);
    json_t *valid = text_json(harmless);

    for (const char *at = json_string_value(valid); at != NULL && *at != '\0'; at++) {
        if ((unsigned char)*at == 0xef && strlen(at) >= 3 && is_no_character(at)) {
            fputc('?', to);
            at += 2;
        } else {
            write_character(to, at);
        }
    }
    json_decref(valid);
    free(harmless);
}
