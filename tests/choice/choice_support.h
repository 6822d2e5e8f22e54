/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CHOICE_SUPPORT_H
#define CHOICE_SUPPORT_H

/*
 * For the tests of the choice: programs run in an environment of their own. Meson tells what is in
 * this build, as macros: KNOWN, the names of our backends, AVAILABLE, those that can be chosen, and
 * BUILT_IN, those that need no module, in the order of the messages; DEFAULT_BACKEND, the option default_backend.
 */

#include "support.h"

/* The line on stderr about one element of ZMALLOC_BACKEND. */
#define REFUSED(value, element, reason)                                                            \
    "zmalloc: ZMALLOC_BACKEND=\"" value "\": \"" element "\": " reason "; available: " AVAILABLE   \
    "\n"
#define NOT_A_NAME "unknown backend (names are 1 to 31 of a-z, 0-9, _ and -)"

/* What zmalloc_init() fails with for a name that nobody has heard of, once another backend is
 * active. Where the dynamic linker does not tell in which folders it looks, one may have a module. */
#if defined(__GLIBC__) || !OPENS_MODULES
#define UNHEARD_OF_LATE "ENOENT"
#else
#define UNHEARD_OF_LATE "EBUSY"
#endif

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Takes the path of chosen.c's program from the test's first argument; ends the test without. */
void find_chosen(int argc, char **argv);
extern const char *chosen_program;

/*
 * Runs chosen.c's program on those words, with ZMALLOC_BACKEND set to the list, or unset if that is
 * NULL. libraries is the whole LD_LIBRARY_PATH; NULL: as it is here.
 */
struct outcome run_chosen(const char *list, const char *libraries, const char *const *words);

/* That it exited with 0, printed this, and was silent on stderr. */
void assert_prints(const struct outcome *outcome, const char *out);
/* That it came to status 78 with these lines on stderr and did nothing. */
void assert_refused(const struct outcome *outcome, const char *err);

/* The next of the names in one of these, where *at begins; false after the last. */
#define NAME_SIZE 32
bool next_name(const char **at, char name[NAME_SIZE]);

/* Makes a folder for the test that everybody may read, and removes it with the files in it. */
#define FOLDER_SIZE 64
void make_folder(char folder[FOLDER_SIZE]);
void remove_folder(const char *folder);
/* Copies a file into a folder under another name; from NULL makes an empty one. */
void copy_into(const char *folder, const char *name, const char *from);

#endif
