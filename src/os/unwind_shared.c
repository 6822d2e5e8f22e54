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
#ifdef ZM_FRAME_POINTER_REGISTER
static uintptr_t (*get_register)(struct _Unwind_Context *context, int number);
#endif

/* Several threads may be here at once, and find the same. No lock of ours, since the linker has its
 * own. */
const char *zm_unwind_start(void)
{
    backtrace_function *found_backtrace;
    register_function *found_ip;
    register_function *found_cfa;
#ifdef ZM_FRAME_POINTER_REGISTER
    uintptr_t (*found_register)(struct _Unwind_Context * context, int number);
#endif
    const struct zm_late_function functions[] = {
        {"_Unwind_Backtrace", &found_backtrace},
        {"_Unwind_GetIP", &found_ip},
        {"_Unwind_GetCFA", &found_cfa},
#ifdef ZM_FRAME_POINTER_REGISTER
        {"_Unwind_GetGR", &found_register},
#endif
        {NULL, NULL},
    };

    if (__atomic_load_n(&backtrace, __ATOMIC_ACQUIRE) != NULL)
        return NULL;
    if (!zm_late_library_open(LIBGCC_S_SO, functions))
        return dlerror();
    __atomic_store_n(&get_ip, found_ip, __ATOMIC_RELAXED);
    __atomic_store_n(&get_cfa, found_cfa, __ATOMIC_RELAXED);
#ifdef ZM_FRAME_POINTER_REGISTER
    __atomic_store_n(&get_register, found_register, __ATOMIC_RELAXED);
#endif
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

uintptr_t zm_unwind_frame_pointer(struct _Unwind_Context *context)
{
#ifdef ZM_FRAME_POINTER_REGISTER
    return __atomic_load_n(&get_register, __ATOMIC_RELAXED)(context, ZM_FRAME_POINTER_REGISTER);
#else
    (void)context;
    return 0;
#endif
}

bool zm_library_is_apart(void)
{
    return true;
}
