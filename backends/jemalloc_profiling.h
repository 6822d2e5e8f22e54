/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_JEMALLOC_PROFILING_H
#define ZM_JEMALLOC_PROFILING_H

/* Functions of libm and libgcc_s that the private jemalloc calls for heap profiling only.
 * jemalloc.symbols gives them their names. */

#include <stdint.h>
#include <unwind.h>

#define PRIVATE_COPY __attribute__((visibility("hidden")))

double zm_je_exp(double x) PRIVATE_COPY;
double zm_je_log(double x) PRIVATE_COPY;
double zm_je_round(double x) PRIVATE_COPY;
_Unwind_Reason_Code zm_je_unwind_backtrace(_Unwind_Trace_Fn trace, void *argument) PRIVATE_COPY;
uintptr_t zm_je_unwind_get_ip(struct _Unwind_Context *context) PRIVATE_COPY;

#endif
