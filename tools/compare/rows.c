/* SPDX-License-Identifier: BSD-3-Clause */

/* What compare compares: the variants that -b and --variant name. */

#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "compare/options.h"
#include "preloading.h"
#include "program.h"

static void add(struct variants *variants, struct variant variant)
{
    struct variant *more = allocate(variants->count + 1, sizeof *more);

    if (variants->count > 0)
        memcpy(more, variants->of, variants->count * sizeof *more);
    more[variants->count++] = variant;
    free(variants->of);
    variants->of = more;
}

void free_variants(struct variants *variants)
{
    for (size_t i = 0; i < variants->count; i++)
        free_variant(&variants->of[i]);
    free(variants->of);
    *variants = (struct variants){0};
}

/* ---- Those that were named ---- */

static int check_backend(const struct rows_option *option, const char *shown, const char *backend)
{
    char *trouble = trouble_with_backend(backend);
    int status = STATUS_FINE;

    if (trouble != NULL)
        status =
            bad_usage(&compare_messages, TYPED "%s: %s", AS_TYPED(option->typed), shown, trouble);
    free(trouble);
    return status;
}

static int add_backends(const struct rows_option *option, struct variants *variants)
{
    struct names names = listed_backends(option->text);
    int status = STATUS_FINE;

    if (names.count == 0)
        status = bad_usage(&compare_messages, TYPED "'%s': it names no backend",
                           AS_TYPED(option->typed), option->text);
    for (size_t i = 0; i < names.count && status == STATUS_FINE; i++) {
        status = check_backend(option, names.of[i], names.of[i]);
        add(variants, plain_variant(names.of[i]));
    }
    free_names(&names);
    return status;
}

static int add_variant(const struct rows_option *option, struct variants *variants)
{
    struct variant variant;
    char *trouble = read_variant(option->text, &variant);

    if (trouble == NULL) {
        add(variants, variant);
        return check_backend(option, option->text, variant.backend);
    }
    bad_usage(&compare_messages, TYPED "'%s': %s", AS_TYPED(option->typed), option->text, trouble);
    free(trouble);
    return STATUS_USAGE;
}

static int add_named(const struct compare_options *options, struct variants *variants)
{
    int status = STATUS_FINE;

    for (size_t i = 0; i < options->rows_count && status == STATUS_FINE; i++)
        status = options->rows[i].is_variant ? add_variant(&options->rows[i], variants)
                                             : add_backends(&options->rows[i], variants);
    return status;
}

static void add_available(struct variants *variants)
{
    struct names names = available_backends();

    for (size_t i = 0; i < names.count; i++)
        add(variants, plain_variant(names.of[i]));
    free_names(&names);
}

/* A backend may be compared with itself, but a table of which two rows have one name says nothing
 * of what differs. */
static int check_names(const struct variants *variants)
{
    for (size_t i = 0; i < variants->count; i++)
        for (size_t j = i + 1; j < variants->count; j++) {
            const struct variant *a = &variants->of[i];
            const struct variant *b = &variants->of[j];

            if (strcmp(a->name, b->name) == 0 && (is_special(a) || is_special(b)))
                return bad_usage(&compare_messages,
                                 "two rows have the name '%s'; give one another: "
                                 "--variant 'NAME: BACKEND...'",
                                 a->name);
        }
    return STATUS_FINE;
}

/* ---- Those that the program can have ---- */

static bool has_static_library(const char *program)
{
    char *path = path_find(program);
    struct elf_file file;
    bool found = path != NULL && program_use(path, &file) == USE_STATIC;

    free(path);
    return found;
}

/* Takes out those whose backends are modules, and returns their names with commas, or NULL. */
static char *take_modules(struct variants *variants)
{
    struct names modules = {0};
    size_t kept = 0;
    char *list;

    for (size_t i = 0; i < variants->count; i++) {
        struct variant *variant = &variants->of[i];

        if (variant->backend == NULL || is_built_in(backend_without_layers(variant->backend))) {
            variants->of[kept++] = *variant;
            continue;
        }
        add_name(&modules, variant->name, strlen(variant->name));
        free_variant(variant);
    }
    variants->count = kept;
    list = modules.count > 0 ? list_names(&modules, ", ") : NULL;
    free_names(&modules);
    return list;
}

/* The static library opens no modules. */
static int leave_out_modules(struct variants *variants, const char *program)
{
    char *list = has_static_library(program) ? take_modules(variants) : NULL;

    if (list == NULL)
        return STATUS_FINE;
    complain(&compare_messages, "%s has the static library, which opens no modules; left out: %s",
             program, list);
    free(list);
    return variants->count > 0
               ? STATUS_FINE
               : bad_usage(&compare_messages, "there is no backend to run %s on", program);
}

/* ---- A program that knows nothing of zmalloc ---- */

static void add_first(struct variants *variants, struct variant variant)
{
    add(variants, variant);
    memmove(variants->of + 1, variants->of, (variants->count - 1) * sizeof variant);
    variants->of[0] = variant;
}

/* It gets zmalloc as its malloc; and the first row, which the others are compared with, is the program
 * as it is. */
static void preload(enum preload_wish wish, struct variants *variants, const char *program)
{
    char *path = path_find(program);
    struct preloading preloading = preload_decide(path, wish);

    if (preloading.why_not != NULL)
        complain(&compare_messages, "zmalloc cannot serve %s: %s", program, preloading.why_not);
    for (size_t i = 0; preloading.library != NULL && i < variants->count; i++)
        variants->of[i].preloaded = preload_variable(preloading.library);
    if (preloading.library != NULL)
        add_first(variants, variant_without());
    free_preloading(&preloading);
    free(path);
}

int choose_variants(const struct compare_options *options, const char *program,
                    struct variants *variants)
{
    int status = add_named(options, variants);

    if (options->rows_count == 0)
        add_available(variants);
    if (status == STATUS_FINE)
        status = check_names(variants);
    if (status == STATUS_FINE)
        status = leave_out_modules(variants, program);
    if (status == STATUS_FINE)
        preload(options->preload, variants, program);
    return status;
}
