/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_KEPT_TEXT_H
#define ZM_KEPT_TEXT_H

/*
 * A text that is made when it is first asked for, and lasts. Who finds it missing makes it, several
 * threads perhaps, and the first is kept. pthread_once() would hold the others up while one calls
 * the dynamic linker, and one of them may have the linker's lock.
 */

#include <string.h>

#include "internal.h"

static inline bool zm_text_is_kept(const bool *is_kept)
{
    return __atomic_load_n(is_kept, __ATOMIC_ACQUIRE);
}

static inline void zm_text_keep(char *kept, bool *is_kept, const char *text)
{
    zm_choice_lock();
    if (!*is_kept)
        memcpy(kept, text, strlen(text) + 1);
    __atomic_store_n(is_kept, true, __ATOMIC_RELEASE);
    zm_choice_unlock();
}

#endif
