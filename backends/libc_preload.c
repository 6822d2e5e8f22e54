/* SPDX-License-Identifier: BSD-3-Clause */

/* The backend libc for a process with the preload library. */

#define ZM_BEHIND_PRELOAD
#define zm_instance_libc zm_instance_libc_preload
#include "libc.c" /* NOLINT(bugprone-suspicious-include): once more, over pointers */
