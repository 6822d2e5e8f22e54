/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GROUP_H
#define GROUP_H

/* A new control group with a limit of memory, below this process's group. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct group {
    char path[4096];
    bool is_v1;
};

/* Makes one. If that is impossible, returns false and the reason in why, which has 200 bytes. */
bool make_group(struct group *group, size_t limit, char *why);
/* Puts the calling process into it. */
bool join_group(const struct group *group);
/* The most bytes that its processes had, with what the kernel needed for them; 0 if the kernel, one
 * before 5.19 with version 2, does not say. */
size_t most_in_group(const struct group *group);
/* Removes it, after its processes have ended. */
void remove_group(const struct group *group);

#endif
