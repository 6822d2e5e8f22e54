/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_UNWIND_H
#define ZM_UNWIND_H

/* The compiler's unwinder, libgcc_s: opened at run time in the shared library (unwind_shared.c),
 * linked into a static program (unwind_static.c), or missing (unwind_none.c). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unwind.h>

/* Makes it ready. Returns NULL, or why there is no unwinder; then every stack is empty. Takes the
 * dynamic linker's lock, so hold no lock of ours. */
const char *zm_unwind_start(void);
void zm_unwind(_Unwind_Trace_Fn step, void *argument);
uintptr_t zm_unwind_ip(struct _Unwind_Context *context);
uintptr_t zm_unwind_cfa(struct _Unwind_Context *context);
/* The register that may be a frame pointer; 0 on processors for which frames are not learned. */
uintptr_t zm_unwind_frame_pointer(struct _Unwind_Context *context);
#ifdef __x86_64__
#define ZM_FRAME_POINTER_REGISTER 6
#endif

/* Whether the library is a shared object. */
bool zm_library_is_apart(void);

/*
 * Whether the unwinder knows the code at the address. A program linked with -static registers its
 * unwind tables in a constructor. A constructor with a priority, such as the one that chooses the
 * backend, runs before that, and _Unwind_Backtrace would abort.
 */
static inline bool zm_has_unwind_tables(void *address)
{
#ifdef __ARM_EABI_UNWINDER__
    (void)address;
    return true;
#else
    return _Unwind_FindEnclosingFunction(address) != NULL;
#endif
}

#endif
