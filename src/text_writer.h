/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_TEXT_WRITER_H
#define ZM_TEXT_WRITER_H

/*
 * Text built piece by piece in the caller's memory, for messages and reports. Needs no memory of
 * its own, no locale and no stdio. What does not fit is only counted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zm_writer {
    char *text; /* not terminated */
    size_t room;
    size_t length; /* of everything appended, even beyond the room */
};

void zm_writer_bytes(struct zm_writer *writer, const char *text, size_t length);
void zm_writer_text(struct zm_writer *writer, const char *text);
void zm_writer_decimal(struct zm_writer *writer, uint64_t number);
void zm_writer_hexadecimal(struct zm_writer *writer, uint64_t number);
/* With a decimal point before the last digits: 10512 with 4 places is 1.0512. */
void zm_writer_fixed(struct zm_writer *writer, uint64_t number, unsigned places);
/* Blanks until the text that began at start is that wide. */
void zm_writer_pad(struct zm_writer *writer, size_t start, size_t width);

/* For people: quotes, backslashes and anything but printable ASCII as \xNN. */
void zm_writer_printable(struct zm_writer *writer, const char *text, size_t length);

/*
 * For programs: valid UTF-8, whatever the text is. Bytes that are part of no character become
 * U+FFFD. escape() is called for each ASCII character. If it has written something instead, it
 * returns true.
 */
void zm_writer_utf8(struct zm_writer *writer, const char *text,
                    bool (*escape)(struct zm_writer *writer, char c));

#endif
