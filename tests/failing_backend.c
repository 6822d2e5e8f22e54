/* SPDX-License-Identifier: BSD-3-Clause */

#include "failing_backend.h"

#include <errno.h>

static const struct zmalloc_backend *base;
static struct zmalloc_backend failing;

static size_t countdown; /* requests up to the one that fails, 0: none does */
static bool goes_on;
static size_t failures;
static size_t broken_promises;

void failing_backend_set(size_t nth, bool forever)
{
    countdown = nth;
    goes_on = forever;
    failures = 0;
}

size_t failing_backend_failures(void)
{
    return failures;
}

size_t failing_backend_broken_promises(void)
{
    return broken_promises;
}

static void must_hold(bool promise)
{
    if (!promise)
        broken_promises++;
}

static void must_be_size(size_t size)
{
    must_hold(size > 0 && size < SIZE_MAX / 2 - base->prefix_size);
}

/* A backend may leave any errno behind: this one does. */
static void spoil_errno(void)
{
    errno = EDOM;
}

/* Whether this request fails. */
static bool fails(void)
{
    if (countdown == 0)
        return false;
    if (countdown > 1) {
        countdown--;
        return false;
    }
    if (!goes_on)
        countdown = 0;
    failures++;
    spoil_errno();
    return true;
}

static void *failing_alloc(size_t size, size_t *usable)
{
    must_be_size(size);
    must_hold(usable != NULL);
    return fails() ? NULL : base->alloc(size, usable);
}

static void *failing_calloc(size_t size, size_t *usable)
{
    must_be_size(size);
    must_hold(usable != NULL);
    return fails() ? NULL : base->calloc(size, usable);
}

static void *failing_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    must_be_size(size);
    must_hold(ptr != NULL && old_usable != NULL && usable != NULL);
    return fails() ? NULL : base->realloc(ptr, size, old_usable, usable);
}

static void *failing_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    must_be_size(size);
    must_hold(alignment >= 16 && (alignment & (alignment - 1)) == 0);
    must_hold(alignment < SIZE_MAX / 2 - base->prefix_size - size && usable != NULL);
    return fails() ? NULL : base->aligned_alloc(alignment, size, usable);
}

static size_t failing_free(void *ptr)
{
    size_t usable;

    must_hold(ptr != NULL);
    usable = base->free(ptr);
    spoil_errno();
    return usable;
}

static size_t failing_free_sized(void *ptr, size_t size)
{
    size_t usable;

    must_hold(ptr != NULL);
    usable = base->free_sized(ptr, size);
    spoil_errno();
    return usable;
}

static size_t failing_usable_size(const void *ptr)
{
    must_hold(ptr != NULL);
    return base->usable_size(ptr);
}

static int failing_start(const char **why)
{
    return base->start != NULL ? base->start(why) : 0;
}

int failing_backend_register(const char *base_name)
{
    base = zmalloc_backend_table(base_name);
    if (base == NULL)
        return -1;
    failing = *base;
    failing.name = FAILING_BACKEND_NAME;
    failing.free_keeps_errno = 0;
    failing.alloc = failing_alloc;
    failing.calloc = failing_calloc;
    failing.realloc = failing_realloc;
    failing.aligned_alloc = failing_aligned_alloc;
    failing.free = failing_free;
    failing.free_sized = failing_free_sized;
    failing.usable_size = failing_usable_size;
    failing.start = failing_start;
    return zmalloc_register_backend(&failing);
}
