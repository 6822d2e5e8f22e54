/* SPDX-License-Identifier: BSD-3-Clause */

/* libgcc_s is opened on demand, so the library needs only the C library. */

#include <dlfcn.h>
#include <stddef.h>

#include "os/late_library.h"
#include "os/unwind.h"

typedef _Unwind_Reason_Code backtrace_function(_Unwind_Trace_Fn step, void *argument);
typedef uintptr_t register_function(struct _Unwind_Context *context);

static backtrace_function *backtrace; /* set last */
static register_function *get_ip;
static register_function *get_cfa;

/* Several threads may be here at once, and find the same. No lock of ours, since the linker has its
 * own. */
const char *zm_unwind_start(void)
{
    backtrace_function *found_backtrace;
    register_function *found_ip;
    register_function *found_cfa;
    const struct zm_late_function functions[] = {
        {"_Unwind_Backtrace", &found_backtrace},
        {"_Unwind_GetIP", &found_ip},
        {"_Unwind_GetCFA", &found_cfa},
        {NULL, NULL},
    };

    if (__atomic_load_n(&backtrace, __ATOMIC_ACQUIRE) != NULL)
        return NULL;
    if (!zm_late_library_open(LIBGCC_S_SO, functions))
        return dlerror();
    __atomic_store_n(&get_ip, found_ip, __ATOMIC_RELAXED);
    __atomic_store_n(&get_cfa, found_cfa, __ATOMIC_RELAXED);
    __atomic_store_n(&backtrace, found_backtrace, __ATOMIC_RELEASE);
    return NULL;
}

void zm_unwind(_Unwind_Trace_Fn step, void *argument)
{
    backtrace_function *found = __atomic_load_n(&backtrace, __ATOMIC_ACQUIRE);

    if (found != NULL)
        found(step, argument);
}

uintptr_t zm_unwind_ip(struct _Unwind_Context *context)
{
    return __atomic_load_n(&get_ip, __ATOMIC_RELAXED)(context);
}

uintptr_t zm_unwind_cfa(struct _Unwind_Context *context)
{
    return __atomic_load_n(&get_cfa, __ATOMIC_RELAXED)(context);
}

bool zm_library_is_apart(void)
{
    return true;
}
