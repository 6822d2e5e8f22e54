/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_UNWIND_H
#define ZM_UNWIND_H

/* The unwinder of the compiler, libgcc_s: opened at run time by the shared library
 * (unwind_shared.c), linked into a static program (unwind_static.c), or absent (unwind_none.c). */

#include <stdbool.h>
#include <stdint.h>
#include <unwind.h>

/* Makes it ready. NULL, or why there is none: then every stack is empty. Takes the dynamic linker's
 * lock: call it without a lock of ours. */
const char *zm_unwind_start(void);
void zm_unwind(_Unwind_Trace_Fn step, void *argument);
uintptr_t zm_unwind_ip(struct _Unwind_Context *context);
uintptr_t zm_unwind_cfa(struct _Unwind_Context *context);

/* Whether the library is an object of its own. */
bool zm_library_is_apart(void);

#endif
