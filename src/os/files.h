/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_FILES_H
#define ZM_FILES_H

/* Reading files of the system, with small buffers on the stack: a public function may use at most 8
 * KiB of it. Nothing here is a cancellation point, and errno is kept. */

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole small file, cut to size and terminated. Returns its length, 0 on failure. */
size_t zm_file_read(const char *path, char *text, size_t size);

/* A file of any length, line by line. */
struct zm_lines {
    int fd; /* -1: it could not be opened; there are no lines */
    size_t length;
    char text[256];
};

void zm_lines_open(struct zm_lines *lines, const char *path);
/* The next line without its newline, cut to size and terminated; false at the end. */
bool zm_lines_next(struct zm_lines *lines, char *line, size_t size);
void zm_lines_close(struct zm_lines *lines);

#endif
