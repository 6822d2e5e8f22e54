/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_UNWIND_TABLES_H
#define ZM_UNWIND_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <unwind.h>

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
