/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What glibc tells of its malloc and lets a program set. Over libc and native that malloc is
 * still there and answers for itself. Over others the answers are the backend's, and settings are
 * refused: they are the C library's own.
 */

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "c_library.h"
#include "functions.h"
#include "zmalloc.h"

/* Whatever layers are over it: "debug+libc". */
static bool c_library_is_the_backend(void)
{
    const char *whole = zmalloc_backend_name();
    const char *plus = strrchr(whole, '+');
    const char *name = plus != NULL ? plus + 1 : whole;

    return strcmp(name, "libc") == 0 || strcmp(name, "native") == 0;
}

/* The C library's function, if the backend is its malloc. */
static void *own_function(const char *name)
{
    return c_library_is_the_backend() ? zm_c_library_symbol(name) : NULL;
}

/* own is a pointer to a function; ISO C knows no conversion between the two kinds of pointers. */
#define FIND_OWN(own, name)                                                                        \
    do {                                                                                           \
        void *symbol = own_function(name);                                                         \
                                                                                                   \
        memcpy(&(own), &symbol, sizeof symbol);                                                    \
    } while (0)

/* 1 if anything was given back; we cannot tell, and say so if we tried. */
ZMALLOC_API int malloc_trim(size_t pad)
{
    int saved_errno = errno;
    int error;

    (void)pad;
    error = zmalloc_purge() != 0 ? errno : 0;
    errno = saved_errno;
    return error == 0 || error == EBUSY;
}

/* 1 if it was set. */
ZMALLOC_API int mallopt(int param, int val)
{
    int (*own)(int param, int val);

    FIND_OWN(own, "mallopt");
    return own != NULL ? own(param, val) : 0;
}

/* In bytes; the backend's where it tells, ours otherwise. */
struct totals {
    size_t used;
    size_t held; /* from the system */
};

static struct totals take_totals(void)
{
    struct totals totals = {.used = zmalloc_used_memory()};
    size_t allocated, active, resident, retained, muzzy;

    if (zmalloc_get_allocator_info(&allocated, &active, &resident, &retained, &muzzy) != 0)
        resident = 0;
    totals.held = resident > totals.used ? resident : totals.used;
    return totals;
}

#if __GLIBC_PREREQ(2, 33)

ZMALLOC_API struct mallinfo2 mallinfo2(void)
{
    struct mallinfo2 (*own)(void);
    struct totals totals;

    FIND_OWN(own, "mallinfo2");
    if (own != NULL)
        return own();
    totals = take_totals();
    return (struct mallinfo2){
        .arena = totals.held,
        .uordblks = totals.used,
        .fordblks = totals.held - totals.used,
    };
}

#endif

static int as_int(size_t number)
{
    return number < INT_MAX ? (int)number : INT_MAX;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

ZMALLOC_API struct mallinfo mallinfo(void)
{
    struct mallinfo (*own)(void);
    struct totals totals;

    FIND_OWN(own, "mallinfo");
    if (own != NULL)
        return own();
    totals = take_totals();
    return (struct mallinfo){
        .arena = as_int(totals.held),
        .uordblks = as_int(totals.used),
        .fordblks = as_int(totals.held - totals.used),
    };
}

#pragma GCC diagnostic pop

ZMALLOC_API int malloc_info(int options, FILE *fp)
{
    int (*own)(int options, FILE *fp);
    struct totals totals;

    FIND_OWN(own, "malloc_info");
    if (own != NULL)
        return own(options, fp);
    if (options != 0)
        return EINVAL;
    totals = take_totals();
    fprintf(fp,
            "<malloc version=\"1\">\n"
            "<total type=\"rest\" count=\"1\" size=\"%zu\"/>\n"
            "<system type=\"current\" size=\"%zu\"/>\n"
            "</malloc>\n",
            totals.held - totals.used, totals.held);
    return 0;
}

static void write_text(void *opaque, const char *text)
{
    (void)opaque;
    fputs(text, stderr);
}

ZMALLOC_API void malloc_stats(void)
{
    void (*own)(void);

    FIND_OWN(own, "malloc_stats");
    if (own != NULL)
        own();
    else
        zmalloc_stats_print(write_text, NULL);
}
