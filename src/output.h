/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_OUTPUT_H
#define ZM_OUTPUT_H

/*
 * All that the library writes. The program does not notice: errno stays, no signal comes of it
 * (SIGPIPE, SIGXFSZ), and the thread is not cancelled in it. Needs no memory.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

/* Writes all of it, at once if the system takes it so. Returns 0 or an errno value. */
int zm_write(int fd, const char *text, size_t length);

/* The same to the end of the file, which is made if it is missing. *cannot becomes what did not
 * work, "open" or "write to". */
int zm_append_to_file(const char *path, const char *text, size_t length, const char **cannot);

/* Whether descriptor 2 is the same file, terminal or pipe as when the library was loaded. */
bool zm_stderr_is_as_loaded(void);

/*
 * Writes to descriptor 2 as far as the system takes it; nothing where that has become what hardly
 * anybody sends messages to on purpose: a socket, a device of blocks, or a file that is read and
 * written at any place.
 */
ZM_PRIVATE void zm_write_to_stderr(const char *text, size_t length);

#endif
