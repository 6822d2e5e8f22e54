/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_CHILD_H
#define TOOLS_CHILD_H

/* Programs that the command starts to learn something from what they print. */

/* In place of a status: it did not end in time, and was killed. */
#define CHILD_TIMED_OUT (-1)

struct child {
    int status; /* as the shell has it: an exit status, or 128 and the signal; or CHILD_TIMED_OUT */
    char *output; /* what it wrote to stdout and to stderr, the caller's to free */
    char *errors;
};

/*
 * Runs the program to its end, or for so many seconds, without input. Returns 0; or an errno value
 * where it cannot be started, and then *child is empty. What it writes beyond a mebibyte is dropped.
 */
int child_run(struct child *child, const char *path, char *const *arguments,
              char *const *environment, int seconds);

/* Long for a program that only starts and ends. */
#define CHILD_SECONDS 10

void child_free(struct child *child);

/*
 * The variables of this process whose entries do not begin so, and one more where there is one, which
 * takes the place of one of its name. The caller frees the array, not what it points to.
 */
char **child_environment(const char *without, char *one_more);

#endif
