/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_LOADER_H
#define TOOLS_LOADER_H

/* Which libraries the dynamic linker would load for a program. */

#include "elf_file.h"

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
