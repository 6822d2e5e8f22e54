/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PROGRAM_H
#define TOOLS_PROGRAM_H

/* A program that was named: where it is, and whether it uses zmalloc. It is not run. */

#include "elf_file.h"

/*
 * Where a program is, found as the shell and execvp() find it: in the folders of PATH, unless its
 * name has a slash. NULL with errno ENOENT where there is none, EACCES where it may not be executed.
 * The caller frees it.
 */
char *path_find(const char *program);

enum program_use {
    USE_UNKNOWN, /* a script, for one, or a program whose dynamic linker is not asked */
    USE_NONE,    /* neither it nor the libraries that are loaded with it */
    USE_SHARED,
    USE_STATIC /* the library is a part of it, and opens no modules */
};

/* Reads the file into *file, and asks its dynamic linker as far as loader.h does. */
enum program_use program_use(const char *path, struct elf_file *file);

#endif
