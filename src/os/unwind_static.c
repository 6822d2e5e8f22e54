/* SPDX-License-Identifier: BSD-3-Clause */

/* Replaces unwind_shared.c in the static library, since a static program opens nothing. */

#include <stddef.h>

#include "os/unwind.h"

const char *zm_unwind_start(void)
{
    return NULL;
}

void zm_unwind(_Unwind_Trace_Fn step, void *argument)
{
    if (zm_has_unwind_tables(__builtin_return_address(0)))
        _Unwind_Backtrace(step, argument);
}

uintptr_t zm_unwind_ip(struct _Unwind_Context *context)
{
    return _Unwind_GetIP(context);
}

uintptr_t zm_unwind_cfa(struct _Unwind_Context *context)
{
    return _Unwind_GetCFA(context);
}

uintptr_t zm_unwind_frame_pointer(struct _Unwind_Context *context)
{
#ifdef ZM_FRAME_POINTER_REGISTER
    return _Unwind_GetGR(context, ZM_FRAME_POINTER_REGISTER);
#else
    (void)context;
    return 0;
#endif
}

bool zm_library_is_apart(void)
{
    return false;
}
