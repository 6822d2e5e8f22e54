/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PRELOAD_C_LIBRARY_H
#define ZM_PRELOAD_C_LIBRARY_H

/* The C library's own functions, behind ours of the same names. */

/* The C library's function of a name that we have, too, or NULL. */
void *zm_c_library_symbol(const char *name);

#endif
