/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_OUTPUT_H
#define ZM_OUTPUT_H

/*
 * Everything that the library writes. The program does not notice: errno is kept, no signal is
 * raised (SIGPIPE, SIGXFSZ), and the thread is not cancelled. Needs no memory.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

/* Writes all of it, with one write() if the system accepts that. Returns 0 or an errno value. */
int zm_write(int fd, const char *text, size_t length);

/* The same at the end of a file, which is created if it is missing. *cannot becomes what failed,
 * "open" or "write to". */
int zm_append_to_file(const char *path, const char *text, size_t length, const char **cannot);

/* Whether descriptor 2 is still the file, terminal or pipe that it was when the library was loaded.
 * */
bool zm_stderr_is_as_loaded(void);

/*
 * Writes to descriptor 2, as much as the system accepts. Writes nothing if that is now something
 * that hardly anybody sends messages to on purpose: a socket, a block device, or a file opened for
 * reading and writing at any place.
 */
ZM_PRIVATE void zm_write_to_stderr(const char *text, size_t length);

#endif
