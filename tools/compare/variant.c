/* SPDX-License-Identifier: BSD-3-Clause */

/* Variants: a backend, and the variables that are set for it. */

#include "compare/variant.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verb.h"

#define BLANKS " \t\n\r"

struct variant plain_variant(const char *backend)
{
    return (struct variant){
        .name = text_format("%s", backend),
        .backend = text_format("%s", backend),
        .variables = allocate(1, sizeof(char *)),
    };
}

struct variant variant_without(void)
{
    return (struct variant){
        .name = text_format("as it is"),
        .variables = allocate(1, sizeof(char *)),
    };
}

bool is_special(const struct variant *variant)
{
    return *variant->variables != NULL || variant->backend == NULL ||
           strcmp(variant->name, variant->backend) != 0;
}

void free_variant(struct variant *variant)
{
    for (char **variable = variant->variables; variable != NULL && *variable != NULL; variable++)
        free(*variable);
    free(variant->variables);
    free(variant->backend);
    free(variant->preloaded);
    free(variant->name);
    *variant = (struct variant){0};
}

/* ---- The name ---- */

/* A colon before a blank or the end; no name has a '=', so a value may have such a colon. */
static const char *end_of_name(const char *text)
{
    for (; *text != '\0' && *text != '='; text++)
        if (*text == ':' && (text[1] == '\0' || strchr(BLANKS, text[1]) != NULL))
            return text;
    return NULL;
}

/* Without blanks around it, and with one for each run of them. */
static char *squeeze(const char *text, size_t length)
{
    char *squeezed = copy_text(text, length);
    char *to = squeezed;

    for (const char *from = squeezed; *from != '\0'; from++) {
        if (strchr(BLANKS, *from) == NULL)
            *to++ = *from;
        else if (to > squeezed && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > squeezed && to[-1] == ' ')
        to--;
    *to = '\0';
    return squeezed;
}

/* For the table: it neither moves the cursor nor breaks a line. */
static char *name_of(const char *text, size_t length)
{
    char *squeezed = squeeze(text, length);
    char *harmless = text_harmless(squeezed);

    free(squeezed);
    return harmless;
}

/* ---- The words after it ---- */

/*
 * The next word, with *text behind it, for the caller to free. Quotes, double or single, keep blanks
 * together, as in a shell. NULL at the end of *text, or if a quote does not end: then *text is not empty.
 */
static char *next_word(const char **text)
{
    const char *at = *text + strspn(*text, BLANKS);
    char *word = copy_text(at, strlen(at));
    char *to = word;
    char quote = '\0';

    for (*text = at; *at != '\0' && (quote != '\0' || strchr(BLANKS, *at) == NULL); at++) {
        if (*at == quote)
            quote = '\0';
        else if (quote == '\0' && (*at == '"' || *at == '\''))
            quote = *at;
        else
            *to++ = *at;
    }
    *to = '\0';
    if (quote == '\0' && at > *text) {
        *text = at;
        return word;
    }
    free(word);
    return NULL;
}

/* What compare sets itself. */
static bool is_taken(const char *variable)
{
    return text_begins_with(variable, "ZMALLOC_BACKEND=") ||
           text_begins_with(variable, "ZMALLOC_STATS=");
}

static char *trouble_with_variable(const char *variable)
{
    const char *equals = strchr(variable, '=');

    if (equals == NULL || equals == variable)
        return text_format("'%s' is no variable: after the backend come NAME=VALUE", variable);
    if (is_taken(variable))
        return text_format("%.*s is what compare sets itself", (int)(equals - variable), variable);
    return NULL;
}

static void add_variable(struct variant *variant, size_t count, char *variable)
{
    char **more = allocate(count + 2, sizeof *more);

    if (count > 0)
        memcpy(more, variant->variables, count * sizeof *more);
    more[count] = variable;
    free(variant->variables);
    variant->variables = more;
}

static char *read_variables(const char **text, struct variant *variant)
{
    size_t count = 0;
    char *trouble = NULL;
    char *word;

    while (trouble == NULL && (word = next_word(text)) != NULL) {
        trouble = trouble_with_variable(word);
        if (trouble == NULL)
            add_variable(variant, count++, word);
        else
            free(word);
    }
    if (trouble == NULL && **text != '\0')
        trouble = text_format("the quote in '%s' does not end", *text);
    return trouble;
}

/* A variable alone is the likeliest mistake. */
static char *trouble_with_word(const char *backend, const char *rest)
{
    if (backend == NULL && *rest != '\0')
        return text_format("the quote in '%s' does not end", rest);
    if (backend == NULL || *backend == '\0')
        return text_format("it names no backend");
    if (strchr(backend, '=') != NULL)
        return text_format("it names no backend before '%s'", backend);
    if (strchr(backend, ',') != NULL)
        return text_format("it has one backend; for several say --variant several times");
    return NULL;
}

static char *read_all(const char *text, struct variant *variant)
{
    const char *colon = end_of_name(text);
    const char *rest = colon != NULL ? colon + 1 : text;
    char *trouble;

    variant->name = name_of(text, colon != NULL ? (size_t)(colon - text) : strlen(text));
    if (colon != NULL && *variant->name == '\0')
        return text_format("the name before ':' is empty");
    variant->backend = next_word(&rest);
    trouble = trouble_with_word(variant->backend, rest);
    return trouble != NULL ? trouble : read_variables(&rest, variant);
}

char *read_variant(const char *text, struct variant *variant)
{
    char *trouble;

    *variant = (struct variant){.variables = allocate(1, sizeof(char *))};
    trouble = read_all(text, variant);
    if (trouble != NULL)
        free_variant(variant);
    return trouble;
}
