/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PRELOAD_H
#define ZM_PRELOAD_H

/* What the library has for libzmalloc-preload.so, which is the malloc of programs that know nothing
 * of zmalloc. */

#include "instance.h"

/*
 * The instance of the active backend, which never changes. Chooses one if there is none, as if the library had
 * been loaded by then: programs allocate before its constructor has run. If its build is not the
 * caller's, the rest of it may mean anything. Not for a thread that is inside (zm_is_choosing).
 */
ZM_PRIVATE const struct zm_instance *zm_preload_instance(void);

#endif
