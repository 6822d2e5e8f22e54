/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PROCESS_H
#define ZM_PROCESS_H

/* Facts about the process. False if the system does not say, and then *bytes is 0. */

#include <stdbool.h>
#include <stddef.h>

bool zm_rss(size_t *bytes);
/* Of the process pid; -1 is this one. */
bool zm_private_dirty(long pid, size_t *bytes);

#endif
