/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PROBES_H
#define ZM_PROBES_H

/*
 * What tracers of the system (bpftrace, eBPF profilers) can attach to: the probes that OpenTelemetry has for
 * memory, otel_memory:alloc(address, size, weight) and otel_memory:free(address). weight is how many bytes
 * the sample stands for. A probe that nobody watches is one instruction that does nothing, and only
 * sampled blocks come by.
 */

#include "base.h"
#include "config.h"

#ifdef ZM_HAVE_SDT
#include <sys/sdt.h>
#ifdef __clang__
/* What the header's macros are made of is one of GNU C's. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif
ZM_INLINE void zm_probe_alloc(const void *ptr, size_t size, size_t weight)
{
    DTRACE_PROBE3(otel_memory, alloc, ptr, size, weight);
}

ZM_INLINE void zm_probe_free(const void *ptr)
{
    DTRACE_PROBE1(otel_memory, free, ptr);
}
#ifdef __clang__
#pragma clang diagnostic pop
#endif
#else
ZM_INLINE void zm_probe_alloc(const void *ptr, size_t size, size_t weight)
{
    (void)ptr;
    (void)size;
    (void)weight;
}

ZM_INLINE void zm_probe_free(const void *ptr)
{
    (void)ptr;
}
#endif

#endif
