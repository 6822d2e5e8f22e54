/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CHOICE_SUPPORT_H
#define CHOICE_SUPPORT_H

/*
 * For the tests of the choice, which run programs in an environment of their own making. Meson says
 * what is in this build, with macros: KNOWN, the names of our backends; AVAILABLE, those that can
 * be chosen; BUILT_IN, those that need no module; all in the order of the messages; and
 * DEFAULT_BACKEND, the option default_backend.
 */

#include "support.h"

/* The line on stderr about one element of ZMALLOC_BACKEND. */
#define REFUSED(value, element, reason)                                                            \
    "zmalloc: ZMALLOC_BACKEND=\"" value "\": \"" element "\": " reason "; available: " AVAILABLE   \
    "\n"
#define NOT_A_NAME "unknown backend (names are 1 to 31 of a-z, 0-9, _ and -)"

/* The error of zmalloc_init() for an unknown name, once another backend is active. If the dynamic
 * linker does not say which folders it searches, the name may have a module. */
#if defined(__GLIBC__) || !OPENS_MODULES
#define UNHEARD_OF_LATE "ENOENT"
#else
#define UNHEARD_OF_LATE "EBUSY"
#endif

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Takes the path of chosen.c's program from the test's first argument. Without one, the test
 * ends. */
void find_chosen(int argc, char **argv);
extern const char *chosen_program;

/*
 * Runs chosen.c's program with those words as arguments, with ZMALLOC_BACKEND set to list, or unset
 * if it is NULL. libraries becomes the whole LD_LIBRARY_PATH; NULL leaves it as it is.
 */
struct outcome run_chosen(const char *list, const char *libraries, const char *const *words);

/* Asserts that it exited with 0, printed exactly this, and wrote nothing to stderr. */
void assert_prints(const struct outcome *outcome, const char *out);
/* Asserts that it exited with status 78, wrote these lines to stderr, and did nothing else. */
void assert_refused(const struct outcome *outcome, const char *err);

/* The next name of such a list, from *at on; false after the last. */
#define NAME_SIZE 32
bool next_name(const char **at, char name[NAME_SIZE]);

/* Makes a folder for the test that everybody may read; removes it with the files in it. */
#define FOLDER_SIZE 64
void make_folder(char folder[FOLDER_SIZE]);
void remove_folder(const char *folder);
/* Copies a file into a folder under another name; from NULL makes it empty. */
void copy_into(const char *folder, const char *name, const char *from);

#endif
