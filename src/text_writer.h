/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_TEXT_WRITER_H
#define ZM_TEXT_WRITER_H

/*
 * Text made piece by piece in memory that the caller has, for messages and reports. Needs no memory,
 * no locale and no stdio. What does not fit is only counted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zm_writer {
    char *text; /* not terminated */
    size_t room;
    size_t length; /* of all that was appended, also beyond the room */
};

void zm_writer_bytes(struct zm_writer *writer, const char *text, size_t length);
void zm_writer_text(struct zm_writer *writer, const char *text);
void zm_writer_decimal(struct zm_writer *writer, uint64_t number);
void zm_writer_hexadecimal(struct zm_writer *writer, uint64_t number);
/* With a point before the last places digits: 10512 and 4 are 1.0512. */
void zm_writer_fixed(struct zm_writer *writer, uint64_t number, unsigned places);
/* Blanks, until the text that began at start has that width. */
void zm_writer_pad(struct zm_writer *writer, size_t start, size_t width);

/* For people: quotes, backslashes and what is not printable ASCII as \xNN. */
void zm_writer_printable(struct zm_writer *writer, const char *text, size_t length);

/*
 * For programs: valid UTF-8, whatever the text is; bytes that belong to no character become U+FFFD.
 * escape is asked for each ASCII character and may append something in its place, which it tells by
 * true.
 */
void zm_writer_utf8(struct zm_writer *writer, const char *text,
                    bool (*escape)(struct zm_writer *writer, char c));

#endif
