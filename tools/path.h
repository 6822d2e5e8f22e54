/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PATH_H
#define TOOLS_PATH_H

/*
 * Where a program is, found as the shell and execvp() find it: in the folders of PATH, unless its
 * name has a slash. NULL with errno ENOENT where there is none, EACCES where it may not be executed.
 * The caller frees it.
 */
char *path_find(const char *program);

#endif
