/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MESSAGE_H
#define ZM_MESSAGE_H

/* The library's messages. Built in a buffer on the stack and written with one write(2), so they
 * work without memory and in a signal handler. */

#include <stddef.h>

struct zm_message {
    size_t length;
    char text[1000];
};

/* Each appends what fits. A full message stays valid. */
void zm_message_text(struct zm_message *message, const char *text);
/* At most 64 bytes, in quotes. Quotes, backslashes and anything but printable ASCII become \xNN. */
void zm_message_quoted(struct zm_message *message, const char *text, size_t length);
void zm_message_decimal(struct zm_message *message, size_t number);
void zm_message_pointer(struct zm_message *message, const void *pointer);
/* What an errno value means, in English whatever the program has set. */
void zm_message_error(struct zm_message *message, int error);
/* Writes "zmalloc: ", the message and a newline to stderr, and keeps errno. */
void zm_message_send(struct zm_message *message);

#endif
