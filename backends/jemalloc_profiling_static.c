/* SPDX-License-Identifier: BSD-3-Clause */

/* In place of jemalloc_profiling_shared.c in the static library: a static program opens nothing. */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "jemalloc_profiling.h"
#include "os/unwind.h"

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
    if (!zm_has_unwind_tables(__builtin_return_address(0)))
        return _URC_END_OF_STACK; /* GCOVR_EXCL_LINE: with -static alone: consumers/profile.sh */
    return _Unwind_Backtrace(trace, argument);
}

uintptr_t zm_je_unwind_get_ip(struct _Unwind_Context *context)
{
    return _Unwind_GetIP(context);
}
