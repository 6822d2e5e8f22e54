/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HEAP_PROFILE_H
#define HEAP_PROFILE_H

/* The profile of this process as text, which the caller frees with free(). */
char *heap_profile(void);

#endif
