/* SPDX-License-Identifier: BSD-3-Clause */

/* The layer that makes requests for memory fail by rules, docs/failing.md. */

#include "fail.h"

static const struct zmalloc_backend *below;

/* zmalloc_fail() writes each of them while other threads read them. */
static struct zm_fail_rules active_rules;
size_t zm_fail_requests;
size_t zm_fail_failures;

/* ---- Judging ---- */

#define COPY_RULE(to, from, rule)                                                                  \
    __atomic_store_n(&(to)->rule, __atomic_load_n(&(from)->rule, __ATOMIC_RELAXED),                \
                     __ATOMIC_RELAXED)

static void copy_rules(struct zm_fail_rules *to, const struct zm_fail_rules *from)
{
    COPY_RULE(to, from, nth);
    COPY_RULE(to, from, from);
    COPY_RULE(to, from, every);
    COPY_RULE(to, from, rate);
    COPY_RULE(to, from, seed);
    COPY_RULE(to, from, least_size);
}

void zm_fail_obey(const struct zm_fail_rules *rules)
{
    copy_rules(&active_rules, rules);
    __atomic_store_n(&zm_fail_requests, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&zm_fail_failures, 0, __ATOMIC_RELAXED);
}

/* Counts the request, and returns whether it fails. */
static bool fails(size_t size)
{
    struct zm_fail_rules rules;

    copy_rules(&rules, &active_rules);
    if (zm_layer_usable(size) < rules.least_size ||
        !zm_fail_judge(&rules, __atomic_add_fetch(&zm_fail_requests, 1, __ATOMIC_RELAXED)))
        return false;
    __atomic_add_fetch(&zm_fail_failures, 1, __ATOMIC_RELAXED);
    return true;
}

/* ---- The operations that ask for memory ---- */

static void *fail_alloc(size_t size, size_t *usable)
{
    return fails(size) ? NULL : below->alloc(size, usable);
}

static void *fail_calloc(size_t size, size_t *usable)
{
    return fails(size) ? NULL : below->calloc(size, usable);
}

static void *fail_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    return fails(size) ? NULL : below->realloc(ptr, size, old_usable, usable);
}

static void *fail_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    return fails(size) ? NULL : below->aligned_alloc(alignment, size, usable);
}

/* ---- The layer ---- */

static int fail_cover(const struct zmalloc_backend *backend, struct zmalloc_backend *table,
                      const char *options, char *why)
{
    struct zm_fail_rules rules;
    int error = zm_fail_parse(options != NULL ? options : "", &rules, why);

    if (error != 0)
        return error;
    zm_fail_obey(&rules);
    below = backend;
    table->alloc = fail_alloc;
    table->calloc = fail_calloc;
    table->realloc = fail_realloc;
    table->aligned_alloc = fail_aligned_alloc;
    /* Each request of the program is counted, whether it is one for a block that moves or not. */
    table->alloc_no_tcache = NULL;
    table->free_no_tcache = NULL;
    table->worth_moving = NULL;
    return 0;
}

const struct zm_layer zm_layer_fail = {
    .name = "fail",
    .variable = "ZMALLOC_FAIL",
    .cover = fail_cover,
};
