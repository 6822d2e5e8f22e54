/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

/*
 * A subject: one way to allocate over one allocator. Every workload calls it through these
 * pointers, from the same loop, as code compiled with -fno-plt calls a library: one indirect call
 * each.
 *
 *   raw           the allocator's own functions
 *   zmalloc       the public functions of this library
 *   redis-style   accounting as in Redis: a usable-size query and a shared atomic
 *   valkey-style  as in Valkey: a usable-size query and an array indexed by thread
 *   preloaded     malloc() and its kin, if another library was preloaded to define them
 */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct subject {
    const char *name;
    void *(*alloc)(size_t size);
    void *(*calloc)(size_t size);
    void *(*realloc)(void *ptr, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    void (*free)(void *ptr);
    void *(*alloc_usable)(size_t size, size_t *usable);
    void (*free_usable)(void *ptr, size_t *usable);
    size_t (*used_memory)(void); /* NULL: no accounting */
};

/* The subjects over one allocator. allocators/NAME.c exports them; each is a separate library. */
struct allocator_subjects {
    struct subject raw;
    struct subject redis_style;
    struct subject valkey_style;
};

#define SUBJECTS_MAX 5

/*
 * Fills in the subjects over the active backend, raw first and zmalloc second. Returns how many
 * there are; 0 if the allocator's library cannot be opened, and then *why says why.
 */
size_t subjects_find(struct subject subjects[SUBJECTS_MAX], const char **why);

#ifdef __cplusplus
}
#endif

#endif
