/* SPDX-License-Identifier: BSD-3-Clause */

/* In place of debug_unwind_shared.c in the static library: a static program opens nothing. */

#include <stddef.h>

#include "debug_unwind.h"

const char *zm_debug_unwind_start(void)
{
    return NULL;
}

/*
 * A program linked with -static registers its unwind tables in a constructor, and one that has a
 * priority, as the one that chooses the backend, comes before it. _Unwind_Backtrace would abort.
 */
static bool has_tables(void *address)
{
#ifdef __ARM_EABI_UNWINDER__
    (void)address;
    return true;
#else
    return _Unwind_FindEnclosingFunction(address) != NULL;
#endif
}

void zm_debug_unwind(_Unwind_Trace_Fn step, void *argument)
{
    if (has_tables(__builtin_return_address(0)))
        _Unwind_Backtrace(step, argument);
}

uintptr_t zm_debug_unwind_ip(struct _Unwind_Context *context)
{
    return _Unwind_GetIP(context);
}

uintptr_t zm_debug_unwind_cfa(struct _Unwind_Context *context)
{
    return _Unwind_GetCFA(context);
}

bool zm_debug_library_is_apart(void)
{
    return false;
}
