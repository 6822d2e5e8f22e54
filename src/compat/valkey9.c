/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * libzmalloc-valkey9.a: the symbols behind Valkey 9's macros for zmalloc and its like. Sources that
 * declare them by themselves need them, as its hdr_histogram does; see zmalloc/compat/valkey9.
 */

#include "zmalloc.h"

void *valkey_malloc(size_t size);
void *valkey_calloc(size_t size);
void *valkey_realloc(void *ptr, size_t size);
void *valkey_malloc_cache_aligned(size_t size);
void valkey_free(void *ptr);

void *valkey_malloc(size_t size)
{
    return zmalloc(size);
}

void *valkey_calloc(size_t size)
{
    return zcalloc(size);
}

void *valkey_realloc(void *ptr, size_t size)
{
    return zrealloc(ptr, size);
}

void *valkey_malloc_cache_aligned(size_t size)
{
    return zmalloc_cache_aligned(size);
}

void valkey_free(void *ptr)
{
    zfree(ptr);
}
