/* SPDX-License-Identifier: BSD-3-Clause */

/* The backend native for a process with the preload library. */

#define ZM_BEHIND_PRELOAD
#define zm_instance_native zm_instance_native_preload
#include "native.c" /* NOLINT(bugprone-suspicious-include): once more, over pointers */
