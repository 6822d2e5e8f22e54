/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_CHOICE_LOCK_H
#define ZM_CHOICE_LOCK_H

/*
 * Guards the registry, the environment as it was read, and what is written while a choice is made.
 * A thread that holds it may take it again: the start of a backend may fork, or ask for tables. The
 * thread cannot be cancelled while it holds the lock, whatever an allocator does when it starts.
 *
 * Do not call the dynamic linker under it. A thread in a constructor of a plug-in has the linker's
 * lock and may want this one. (A backend's start, and a layer's cover, may break this rule.)
 */

#include <stdbool.h>
#include <string.h>

void zm_choice_lock(void);
void zm_choice_unlock(void);
/* How many times this thread holds it. */
unsigned zm_choice_lock_depth(void);

/*
 * A text that is made on first use and kept. Each thread that finds it missing makes it; the first
 * one is kept. pthread_once() would make the others wait while one thread calls the dynamic linker,
 * and one of them may have the linker's lock.
 */

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
