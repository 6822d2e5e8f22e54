/* SPDX-License-Identifier: BSD-3-Clause */

/* libgcc_s is opened when the layer is chosen: the library itself needs the C library alone. */

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "debug_unwind.h"

#if defined(__GLIBC__)
#include <gnu/lib-names.h>
#else
#define LIBGCC_S_SO "libgcc_s.so.1"
#endif

static _Unwind_Reason_Code (*backtrace)(_Unwind_Trace_Fn step, void *argument);
static uintptr_t (*get_ip)(struct _Unwind_Context *context);
static uintptr_t (*get_cfa)(struct _Unwind_Context *context);

static void *take(void *library, const char *name)
{
    return library != NULL ? dlsym(library, name) : NULL;
}

const char *zm_debug_unwind_start(void)
{
    void *library = dlopen(LIBGCC_S_SO, RTLD_NOW | RTLD_LOCAL);
    void *symbols[] = {take(library, "_Unwind_GetIP"), take(library, "_Unwind_GetCFA"),
                       take(library, "_Unwind_Backtrace")};

    if (symbols[0] == NULL || symbols[1] == NULL || symbols[2] == NULL)
        return dlerror();
    memcpy(&get_ip, &symbols[0], sizeof get_ip);
    memcpy(&get_cfa, &symbols[1], sizeof get_cfa);
    memcpy(&backtrace, &symbols[2], sizeof backtrace);
    return NULL;
}

void zm_debug_unwind(_Unwind_Trace_Fn step, void *argument)
{
    if (backtrace != NULL)
        backtrace(step, argument);
}

uintptr_t zm_debug_unwind_ip(struct _Unwind_Context *context)
{
    return get_ip(context);
}

uintptr_t zm_debug_unwind_cfa(struct _Unwind_Context *context)
{
    return get_cfa(context);
}

bool zm_debug_library_is_apart(void)
{
    return true;
}
