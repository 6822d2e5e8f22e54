/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PROBES_H
#define ZM_PROBES_H

/*
 * What tracers of the system (bpftrace, eBPF profilers) can attach to: the probes that OpenTelemetry has for
 * memory, otel_memory:alloc(address, size, weight) and otel_memory:free(address). weight is how many bytes
 * the sample stands for. A probe that nobody watches is one instruction that does nothing, and only
 * sampled blocks come by.
 */

#include "config.h"

#ifdef ZM_HAVE_SDT
#include <sys/sdt.h>
#define ZM_PROBE_ALLOC(ptr, size, weight) DTRACE_PROBE3(otel_memory, alloc, ptr, size, weight)
#define ZM_PROBE_FREE(ptr) DTRACE_PROBE1(otel_memory, free, ptr)
#else
#define ZM_PROBE_ALLOC(ptr, size, weight) ((void)(ptr), (void)(size), (void)(weight))
#define ZM_PROBE_FREE(ptr) ((void)(ptr))
#endif

#endif
