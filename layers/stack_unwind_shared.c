/* SPDX-License-Identifier: BSD-3-Clause */

/* libgcc_s is opened when the layer is chosen: the library itself needs the C library alone. */

#include <dlfcn.h>
#include <stddef.h>

#include "late_library.h"
#include "stack_unwind.h"

static _Unwind_Reason_Code (*backtrace)(_Unwind_Trace_Fn step, void *argument);
static uintptr_t (*get_ip)(struct _Unwind_Context *context);
static uintptr_t (*get_cfa)(struct _Unwind_Context *context);

static const struct zm_late_function functions[] = {
    {"_Unwind_GetIP", &get_ip},
    {"_Unwind_GetCFA", &get_cfa},
    {"_Unwind_Backtrace", &backtrace},
    {NULL, NULL},
};

const char *zm_unwind_start(void)
{
    return zm_late_library_open(LIBGCC_S_SO, functions) ? NULL : dlerror();
}

void zm_unwind(_Unwind_Trace_Fn step, void *argument)
{
    if (backtrace != NULL)
        backtrace(step, argument);
}

uintptr_t zm_unwind_ip(struct _Unwind_Context *context)
{
    return get_ip(context);
}

uintptr_t zm_unwind_cfa(struct _Unwind_Context *context)
{
    return get_cfa(context);
}

bool zm_library_is_apart(void)
{
    return true;
}
