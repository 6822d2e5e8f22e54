/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PROGRAM_H
#define TOOLS_PROGRAM_H

#include <stdbool.h>

#include "elf_file.h"

/* A program that was named: where it is, and whether it uses zmalloc. It is not run. */

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

/* Reads the file into *file, and asks its dynamic linker as far as loader_ask() does. */
enum program_use program_use(const char *path, struct elf_file *file);

/* Whether the program has more rights than who starts it: the dynamic linker then preloads nothing
 * for it, and it ignores zmalloc's variables. At least for some users, or for this one. */
bool program_is_privileged(const char *path);
bool program_is_privileged_here(const char *path);

/* ---- What the dynamic linker says ---- */

/* Both NULL where the linker was not asked. The caller frees both. */
struct loader_answer {
    char *list;    /* a line for each library, as ldd(1) prints it */
    char *trouble; /* why it would not start the program */
};

/*
 * Asks the program's own linker, which is a file that the program names and that is run: so it has to
 * be the one that this command was started by. The program is not run. In secure mode the linker's
 * variables are ignored.
 */
struct loader_answer loader_ask(const struct elf_file *file, const char *program,
                                bool in_secure_mode);

/*
 * The file of the first library in the list whose name begins so, as a canonical path; NULL where
 * there is none. The caller frees it.
 */
char *loader_find(const char *list, const char *beginning);

/*
 * The tunables of the C library, as its linker lists them, a line for each. NULL where it does not; the
 * caller frees it.
 */
char *loader_tunables(void);

/* The libzmalloc of this command, as a canonical path; NULL where it is a part of it. The caller
 * frees it. */
char *loader_own_library(void);

#endif
