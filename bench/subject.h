/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

/*
 * What is measured: one way to allocate over one allocator. Every workload calls it through these
 * pointers, as code compiled with -fno-plt calls a library: one indirect call for each of them,
 * from the same loop.
 *
 *   raw           the allocator's own functions
 *   zmalloc       the public functions of this library
 *   redis-style   accounting as Redis has it: a usable-size query and a shared atomic
 *   valkey-style  as Valkey has it: a usable-size query and an array indexed by thread
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
    size_t (*used_memory)(void); /* NULL: does not count */
};

/* The subjects over one allocator, made by allocators/NAME.c, which is a library of its own. */
struct allocator_subjects {
    struct subject raw;
    struct subject redis_style;
    struct subject valkey_style;
};

#define SUBJECTS_MAX 4

/*
 * Fills in the subjects over the backend that is active, raw first and zmalloc second. Returns how
 * many there are; 0, and why, where the allocator's library cannot be opened.
 */
size_t subjects_find(struct subject subjects[SUBJECTS_MAX], const char **why);

#ifdef __cplusplus
}
#endif

#endif
