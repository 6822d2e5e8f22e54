/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MESSAGE_H
#define ZM_MESSAGE_H

/* Messages of the library: built in a buffer on the stack and written with one write(2), so that they
 * work without memory and in a signal handler. */

#include <stddef.h>

struct zm_message {
    size_t length;
    char text[1000];
};

/* Each appends what fits; a message that is full stays valid. */
void zm_message_text(struct zm_message *message, const char *text);
/* At most 64 bytes, in quotes; quotes, backslashes and what is not printable ASCII as \xNN. */
void zm_message_quoted(struct zm_message *message, const char *text, size_t length);
void zm_message_decimal(struct zm_message *message, size_t number);
void zm_message_pointer(struct zm_message *message, const void *pointer);
/* Writes "zmalloc: ", the message and a newline to stderr, and keeps errno. */
void zm_message_send(struct zm_message *message);

#endif
