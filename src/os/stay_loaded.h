/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_STAY_LOADED_H
#define ZM_STAY_LOADED_H

/* Keeps the object that contains this copy of the library from being closed. The shared library is
 * linked so that it never is. */
#ifdef ZM_ARCHIVE
void zm_stay_loaded(void);
#else
static inline void zm_stay_loaded(void)
{
}
#endif

#endif
