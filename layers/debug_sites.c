/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Traces, each kept once: blocks have their numbers, and what is in use at exit is added up by
 * them. They are added under the lock, never change and never go, so that one who looks for a trace
 * needs no lock.
 */

#include <string.h>

#include "debug.h"
#include "debug_unwind.h"

#define BUCKETS ((size_t)1 << 14)
#define SITES_AT_ONCE ((zm_debug_site)1 << 10)
#define CHUNKS 1024

struct site {
    zm_debug_site next; /* of the same bucket */
    struct zm_debug_use use;
    struct zm_debug_trace trace; /* as many addresses as the options say */
};

/* Number n is in chunk n / SITES_AT_ONCE; 0 stays empty. */
static char *chunks[CHUNKS];
static zm_debug_site first_of[BUCKETS];
static zm_debug_site site_count;

static size_t size_of_traces(unsigned frames)
{
    return offsetof(struct zm_debug_trace, addresses) + frames * sizeof(uintptr_t);
}

static size_t size_of_site(void)
{
    size_t size = offsetof(struct site, trace) + size_of_traces(zm_debug_options.frames);

    return (size + _Alignof(struct site) - 1) & ~(_Alignof(struct site) - 1);
}

static struct site *site_at(zm_debug_site number)
{
    return (struct site *)(void *)(chunks[number / SITES_AT_ONCE] +
                                   number % SITES_AT_ONCE * size_of_site());
}

static zm_debug_site *bucket_of(const struct zm_debug_trace *trace)
{
    uint64_t mixed = 0;

    for (unsigned i = 0; i < trace->count; i++)
        mixed = (mixed ^ trace->addresses[i]) * UINT64_C(0x9e3779b97f4a7c15) + (mixed >> 32);
    return &first_of[(mixed >> 32) & (BUCKETS - 1)];
}

static bool is_same(const struct zm_debug_trace *one, const struct zm_debug_trace *other)
{
    return one->count == other->count &&
           memcmp(one->addresses, other->addresses, one->count * sizeof *one->addresses) == 0;
}

static zm_debug_site find(const zm_debug_site *bucket, const struct zm_debug_trace *trace)
{
    zm_debug_site number = __atomic_load_n(bucket, __ATOMIC_ACQUIRE);

    while (number != 0 && !is_same(&site_at(number)->trace, trace))
        number = site_at(number)->next;
    return number;
}

/* False where there is no memory, or no number, for one more. */
static bool have_room(zm_debug_site number)
{
    char **chunk = &chunks[number / SITES_AT_ONCE];

    if (*chunk == NULL)
        *chunk = zm_debug_map(SITES_AT_ONCE * size_of_site());
    return *chunk != NULL;
}

static zm_debug_site add(zm_debug_site *bucket, const struct zm_debug_trace *trace)
{
    zm_debug_site number = site_count + 1;
    struct site *site;

    if (number == CHUNKS * SITES_AT_ONCE || !have_room(number))
        return 0;
    site_count = number;
    site = site_at(number);
    memcpy(&site->trace, trace, size_of_traces(trace->count));
    site->next = *bucket;
    __atomic_store_n(bucket, number, __ATOMIC_RELEASE);
    return number;
}

zm_debug_site zm_debug_site_of(const struct zm_debug_trace *trace)
{
    zm_debug_site *bucket = bucket_of(trace);
    zm_debug_site number;

    if (trace->count == 0)
        return 0;
    number = find(bucket, trace);
    if (number != 0)
        return number;
    zm_debug_lock();
    number = find(bucket, trace);
    if (number == 0)
        number = add(bucket, trace);
    zm_debug_unlock();
    return number;
}

void zm_debug_site_trace(zm_debug_site site, struct zm_debug_trace *trace)
{
    trace->count = 0;
    if (site != 0)
        memcpy(trace, &site_at(site)->trace, size_of_traces(site_at(site)->trace.count));
}

zm_debug_site zm_debug_site_count(void)
{
    return site_count;
}

/* ---- What is in use from each; what has no site counts as site 0 ---- */

static struct zm_debug_use of_no_site;

struct zm_debug_use *zm_debug_site_use(zm_debug_site site)
{
    return site != 0 ? &site_at(site)->use : &of_no_site;
}

/* ---- Unwinding ---- */

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
    struct zm_debug_trace *trace = argument;
    uintptr_t address = zm_debug_unwind_ip(context);

    if (trace->count == 0 && zm_debug_is_ours(address))
        return _URC_NO_REASON;
    if (address == 0)
        return _URC_END_OF_STACK;
    trace->addresses[trace->count++] = address;
    return trace->count < zm_debug_options.frames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void zm_debug_trace_here(struct zm_debug_trace *trace)
{
    trace->count = 0;
    if (zm_debug_options.frames == 0)
        return;
    zm_debug_begin_unwinding();
    zm_debug_unwind(step, trace);
    zm_debug_end_unwinding();
}
