/* SPDX-License-Identifier: BSD-3-Clause */

#include "watching_backend.h"

#include <errno.h>

static const struct zmalloc_backend *base;
static struct zmalloc_backend watching;

static size_t broken_promises;
static size_t calls;
static const void *last_asked;
static bool refusing;

void watching_backend_refuse(bool all)
{
    refusing = all;
}

size_t watching_backend_broken_promises(void)
{
    return broken_promises;
}

size_t watching_backend_calls(void)
{
    return calls;
}

static void must_hold(bool promise)
{
    if (!promise)
        broken_promises++;
}

static void must_be_size(size_t size)
{
    calls++;
    must_hold(size > 0 && size < SIZE_MAX / 2 - base->prefix_size);
}

static void must_be_block(const void *ptr)
{
    calls++;
    must_hold(ptr != NULL);
}

/* A backend may change errno to anything; this one does. */
static void spoil_errno(void)
{
    errno = EDOM;
}

/* The result of a request. Sets errno to anything. */
static void *answer(void *ptr)
{
    spoil_errno();
    return ptr;
}

/* A backend may leave the size to usable_size; this one does for odd sizes. */
static void *tell_sometimes(void *ptr, size_t size, size_t *usable)
{
    if (size % 2 != 0)
        *usable = 0;
    return answer(ptr);
}

static void *watching_alloc(size_t size, size_t *usable)
{
    must_be_size(size);
    must_hold(usable != NULL);
    return refusing ? answer(NULL) : tell_sometimes(base->alloc(size, usable), size, usable);
}

static void *watching_calloc(size_t size, size_t *usable)
{
    must_be_size(size);
    must_hold(usable != NULL);
    return refusing ? answer(NULL) : tell_sometimes(base->calloc(size, usable), size, usable);
}

static void *watching_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    must_be_size(size);
    must_hold(ptr != NULL && old_usable != NULL && usable != NULL);
    return answer(refusing ? NULL : base->realloc(ptr, size, old_usable, usable));
}

static void *watching_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    must_be_size(size);
    must_hold(alignment >= 16 && (alignment & (alignment - 1)) == 0);
    must_hold(alignment < SIZE_MAX / 2 - base->prefix_size - size && usable != NULL);
    return answer(refusing ? NULL : base->aligned_alloc(alignment, size, usable));
}

static size_t watching_free(void *ptr)
{
    size_t usable;

    must_be_block(ptr);
    usable = base->free(ptr);
    spoil_errno();
    return usable;
}

static size_t watching_free_sized(void *ptr, size_t size)
{
    size_t usable;

    must_be_block(ptr);
    usable = base->free_sized(ptr, size);
    spoil_errno();
    return usable;
}

static void watching_release(void *ptr)
{
    must_be_block(ptr);
    must_hold(ptr == last_asked);
    base->release(ptr);
    spoil_errno();
}

static size_t watching_usable_size(const void *ptr)
{
    must_be_block(ptr);
    last_asked = ptr;
    return base->usable_size(ptr);
}

static int watching_start(const char **why)
{
    return base->start != NULL ? base->start(why) : 0;
}

int watching_backend_register(const char *base_name)
{
    base = zmalloc_backend_table(base_name);
    if (base == NULL)
        return -1;
    watching = *base;
    watching.name = WATCHING_BACKEND_NAME;
    watching.free_keeps_errno = 0;
    watching.alloc = watching_alloc;
    watching.calloc = watching_calloc;
    watching.realloc = watching_realloc;
    watching.aligned_alloc = watching_aligned_alloc;
    watching.free = watching_free;
    watching.free_sized = watching_free_sized;
    watching.usable_size = watching_usable_size;
    watching.release = base->release != NULL ? watching_release : NULL;
    watching.start = watching_start;
    return zmalloc_register_backend(&watching);
}
