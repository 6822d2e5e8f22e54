/* SPDX-License-Identifier: BSD-3-Clause */

/* A private copy of jemalloc, made of the same objects as the library's copy. */

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "jemalloc_calls.h"

#define PRIVATE_COPY __attribute__((visibility("hidden")))

void *zm_je_malloc(size_t size) PRIVATE_COPY;
void *zm_je_calloc(size_t num, size_t size) PRIVATE_COPY;
void *zm_je_realloc(void *ptr, size_t size) PRIVATE_COPY;
void *zm_je_aligned_alloc(size_t alignment, size_t size) PRIVATE_COPY;
void zm_je_free(void *ptr) PRIVATE_COPY;
size_t zm_je_malloc_usable_size(void *ptr) PRIVATE_COPY;

char *zm_je_secure_getenv(const char *name)
{
    return secure_getenv(name);
}

/* It takes no heap profiles, and so no call stacks. */

double zm_je_exp(double x)
{
    return exp(x);
}

double zm_je_log(double x)
{
    return log(x);
}

double zm_je_round(double x)
{
    return round(x);
}

_Unwind_Reason_Code zm_je_unwind_backtrace(_Unwind_Trace_Fn trace, void *argument)
{
    (void)trace;
    (void)argument;
    return _URC_END_OF_STACK;
}

uintptr_t zm_je_unwind_get_ip(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

#define raw_malloc zm_je_malloc
#define raw_realloc zm_je_realloc
#define raw_free zm_je_free
#define raw_usable_size zm_je_malloc_usable_size
#define raw_aligned_alloc zm_je_aligned_alloc

static void *raw_calloc(size_t size)
{
    return zm_je_calloc(1, size);
}

#include "../baselines.h"

EXPORT extern const struct allocator_subjects subjects_jemalloc;
const struct allocator_subjects subjects_jemalloc = ALLOCATOR_SUBJECTS;
