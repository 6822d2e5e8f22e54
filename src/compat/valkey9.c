/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * libzmalloc-valkey9.a: the symbols behind Valkey 9's macros for zmalloc and its kin, and that of
 * zcalloc_num, for sources that declare them themselves, as its hdr_histogram does; see
 * zmalloc/compat/valkey9. Compiled with ZMALLOC_DEFINE_NAMES. The program that is linked with it
 * does not export them.
 */

#include "zmalloc.h"

#undef zcalloc_num

void *valkey_malloc(size_t size);
void *valkey_calloc(size_t size);
void *valkey_realloc(void *ptr, size_t size);
void *valkey_malloc_cache_aligned(size_t size);
void valkey_free(void *ptr);
void *zcalloc_num(size_t num, size_t size);

void *valkey_malloc(size_t size)
{
    return zml_zmalloc(size);
}

void *valkey_calloc(size_t size)
{
    return zml_zcalloc(size);
}

void *valkey_realloc(void *ptr, size_t size)
{
    return zml_zrealloc(ptr, size);
}

void *valkey_malloc_cache_aligned(size_t size)
{
    return zml_zmalloc_cache_aligned(size);
}

void valkey_free(void *ptr)
{
    zml_zfree(ptr);
}

void *zcalloc_num(size_t num, size_t size)
{
    return zml_zcalloc_num(num, size);
}
