/* SPDX-License-Identifier: BSD-3-Clause */

/* In place of jemalloc_profiling_shared.c in the static library: a static program opens nothing. */

#include <math.h>
#include <pthread.h>

#include "base.h"
#include "jemalloc_calls.h"
#include "message.h"
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

static void tell_if_there_are_no_stacks(void)
{
    struct zm_message message = {0};
    const char *why = zm_unwind_start();

    if (why == NULL)
        return;
    /* GCOVR_EXCL_START: a compiler without an unwinder, as musl-gcc: profile.sh there */
    zm_message_text(&message, "jemalloc profiles the heap without call stacks: ");
    zm_message_text(&message, why);
    zm_message_send(&message);
    /* GCOVR_EXCL_STOP */
}

/* First called while jemalloc starts. */
_Unwind_Reason_Code zm_je_unwind_backtrace(_Unwind_Trace_Fn trace, void *argument)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, tell_if_there_are_no_stacks);
    zm_unwind(trace, argument);
    return _URC_END_OF_STACK;
}

uintptr_t zm_je_unwind_get_ip(struct _Unwind_Context *context)
{
    return zm_unwind_ip(context);
}
