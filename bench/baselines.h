/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The subjects over one allocator. Each file in allocators/ includes this, after it has defined
 *
 *     raw_malloc(size), raw_calloc(size), raw_realloc(ptr, size), raw_free(ptr),
 *     raw_aligned_alloc(alignment, size), raw_usable_size(ptr)
 *
 * as functions or names of functions. The baselines are in the same object as the functions that
 * call the allocator, just as zmalloc.c is in the same program as jemalloc in Redis and Valkey.
 */

#ifndef BENCH_BASELINES_H
#define BENCH_BASELINES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "subject.h"

#define EXPORT __attribute__((visibility("default")))
#define CACHE_LINE 64

/* ---- Raw: operations that take more than one function of the allocator ---- */

static void *raw_alloc_usable(size_t size, size_t *usable)
{
    void *ptr = raw_malloc(size);

    if (ptr != NULL)
        *usable = raw_usable_size(ptr);
    return ptr;
}

static void raw_free_usable(void *ptr, size_t *usable)
{
    *usable = raw_usable_size(ptr);
    raw_free(ptr);
}

/* ---- Redis-style: one atomic counter for the process ---- */

static _Alignas(CACHE_LINE) atomic_size_t shared_used;

static inline void redis_count(size_t bytes)
{
    atomic_fetch_add_explicit(&shared_used, bytes, memory_order_relaxed);
}

static size_t redis_used_memory(void)
{
    return atomic_load_explicit(&shared_used, memory_order_relaxed);
}

/* ---- Valkey-style: a counter for each thread, in an array indexed by thread ---- */

#define INDEXED_THREADS 256

/* As in Valkey: the first thread has the end of a cache line to itself, the others share lines. */
#define FIRST_INDEX (CACHE_LINE / sizeof(size_t) - 1)
static _Alignas(CACHE_LINE) size_t indexed_used[FIRST_INDEX + INDEXED_THREADS];
static atomic_size_t used_without_index;
static atomic_bool index_taken[INDEXED_THREADS];
static atomic_int indexes_ever;
static pthread_key_t index_key;

static _Thread_local int thread_index __attribute__((tls_model("initial-exec"))) = -1;

/* Valkey's threads live as long as the process and keep their index. Ours give it back; otherwise
 * the first hundred repetitions would use them all up. */
static void give_index_back(void *value)
{
    atomic_store(&index_taken[(intptr_t)value - 1], false);
}

__attribute__((constructor)) static void make_index_key(void)
{
    pthread_key_create(&index_key, give_index_back);
}

static __attribute__((cold, noinline)) void take_index(void)
{
    for (int index = 0; index < INDEXED_THREADS; index++) {
        bool taken = false;

        if (atomic_compare_exchange_strong(&index_taken[index], &taken, true)) {
            int ever = atomic_load(&indexes_ever);

            while (ever <= index &&
                   !atomic_compare_exchange_weak(&indexes_ever, &ever, index + 1)) {
            }
            thread_index = index;
            pthread_setspecific(index_key, (void *)(intptr_t)(index + 1));
            return;
        }
    }
    thread_index = INDEXED_THREADS;
}

static inline void valkey_count(size_t bytes)
{
    if (__builtin_expect(thread_index == -1, 0))
        take_index();
    if (__builtin_expect(thread_index >= INDEXED_THREADS, 0)) {
        atomic_fetch_add_explicit(&used_without_index, bytes, memory_order_relaxed);
    } else {
        indexed_used[FIRST_INDEX + (size_t)thread_index] += bytes;
    }
}

static size_t valkey_used_memory(void)
{
    size_t used = atomic_load_explicit(&used_without_index, memory_order_relaxed);
    int threads = atomic_load_explicit(&indexes_ever, memory_order_relaxed);

    for (int index = 0; index < threads; index++)
        used += *(volatile size_t *)&indexed_used[FIRST_INDEX + (size_t)index];
    return used;
}

/* ---- Both: ask the allocator for the size of every block ---- */

#define MIN_SIZE(size) ((size) > 0 ? (size) : sizeof(long))

static __attribute__((cold, noinline)) void *baseline_out_of_memory(size_t size)
{
    (void)size;
    abort();
}

#define BASELINE(style)                                                                            \
    static inline void *style##_counted(void *ptr, size_t *usable)                                 \
    {                                                                                              \
        size_t size;                                                                               \
                                                                                                   \
        if (ptr == NULL)                                                                           \
            return NULL;                                                                           \
        size = raw_usable_size(ptr);                                                               \
        style##_count(size);                                                                       \
        if (usable != NULL)                                                                        \
            *usable = size;                                                                        \
        return ptr;                                                                                \
    }                                                                                              \
    static inline void *style##_try(size_t size, size_t *usable)                                   \
    {                                                                                              \
        if (size >= SIZE_MAX / 2)                                                                  \
            return NULL;                                                                           \
        return style##_counted(raw_malloc(MIN_SIZE(size)), usable);                                \
    }                                                                                              \
    static void *style##_alloc(size_t size)                                                        \
    {                                                                                              \
        void *ptr = style##_try(size, NULL);                                                       \
                                                                                                   \
        return ptr != NULL ? ptr : baseline_out_of_memory(size);                                   \
    }                                                                                              \
    static void *style##_alloc_usable(size_t size, size_t *usable)                                 \
    {                                                                                              \
        void *ptr = style##_try(size, usable);                                                     \
                                                                                                   \
        return ptr != NULL ? ptr : baseline_out_of_memory(size);                                   \
    }                                                                                              \
    static void *style##_calloc(size_t size)                                                       \
    {                                                                                              \
        void *ptr = NULL;                                                                          \
                                                                                                   \
        if (size < SIZE_MAX / 2)                                                                   \
            ptr = style##_counted(raw_calloc(MIN_SIZE(size)), NULL);                               \
        return ptr != NULL ? ptr : baseline_out_of_memory(size);                                   \
    }                                                                                              \
    static void *style##_aligned_alloc(size_t alignment, size_t size)                              \
    {                                                                                              \
        void *ptr = NULL;                                                                          \
                                                                                                   \
        if (size < SIZE_MAX / 2)                                                                   \
            ptr = style##_counted(raw_aligned_alloc(alignment, MIN_SIZE(size)), NULL);             \
        return ptr != NULL ? ptr : baseline_out_of_memory(size);                                   \
    }                                                                                              \
    static void style##_free(void *ptr)                                                            \
    {                                                                                              \
        if (ptr == NULL)                                                                           \
            return;                                                                                \
        style##_count(-raw_usable_size(ptr));                                                      \
        raw_free(ptr);                                                                             \
    }                                                                                              \
    static void style##_free_usable(void *ptr, size_t *usable)                                     \
    {                                                                                              \
        if (ptr == NULL)                                                                           \
            return;                                                                                \
        *usable = raw_usable_size(ptr);                                                            \
        style##_count(-*usable);                                                                   \
        raw_free(ptr);                                                                             \
    }                                                                                              \
    static void *style##_realloc(void *ptr, size_t size)                                           \
    {                                                                                              \
        size_t old;                                                                                \
        void *moved;                                                                               \
                                                                                                   \
        if (ptr == NULL)                                                                           \
            return style##_alloc(size);                                                            \
        if (size == 0) {                                                                           \
            style##_free(ptr);                                                                     \
            return NULL;                                                                           \
        }                                                                                          \
        if (size >= SIZE_MAX / 2)                                                                  \
            return baseline_out_of_memory(size);                                                   \
        old = raw_usable_size(ptr);                                                                \
        moved = raw_realloc(ptr, size);                                                            \
        if (moved == NULL)                                                                         \
            return baseline_out_of_memory(size);                                                   \
        style##_count(-old);                                                                       \
        style##_count(raw_usable_size(moved));                                                     \
        return moved;                                                                              \
    }

BASELINE(redis)
BASELINE(valkey)

/* ---- The table that a file in allocators/ exports ---- */

#define SUBJECT(title, prefix, used)                                                               \
    {                                                                                              \
        .name = title, .alloc = prefix##_alloc, .calloc = prefix##_calloc,                         \
        .realloc = prefix##_realloc, .aligned_alloc = prefix##_aligned_alloc,                      \
        .free = prefix##_free, .alloc_usable = prefix##_alloc_usable,                              \
        .free_usable = prefix##_free_usable, .used_memory = used                                   \
    }

#define raw_alloc raw_malloc

#define ALLOCATOR_SUBJECTS                                                                         \
    {                                                                                              \
        .raw = SUBJECT("raw", raw, NULL),                                                          \
        .redis_style = SUBJECT("redis-style", redis, redis_used_memory),                           \
        .valkey_style = SUBJECT("valkey-style", valkey, valkey_used_memory),                       \
    }

#endif
