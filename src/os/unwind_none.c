/* SPDX-License-Identifier: BSD-3-Clause */

/* Replaces unwind_static.c if the compiler's unwinder does not link with the C library: with
 * Debian's musl-gcc the unwinder is glibc's. */

#include "os/unwind.h"

const char *zm_unwind_start(void)
{
    return "the compiler of this build has no unwinder for its C library";
}

void zm_unwind(_Unwind_Trace_Fn step, void *argument)
{
    (void)step;
    (void)argument;
}

uintptr_t zm_unwind_ip(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

uintptr_t zm_unwind_cfa(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

uintptr_t zm_unwind_frame_pointer(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

bool zm_library_is_apart(void)
{
    return false;
}
