/* SPDX-License-Identifier: BSD-3-Clause */

/* Messages of the library: built in a buffer on the stack, written with one write(2), so that they
 * work without memory and in a signal handler. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define QUOTED_MAX 64

static void append(struct zm_message *message, const char *text, size_t length)
{
    size_t room = sizeof message->text - message->length;

    if (length > room)
        length = room;
    memcpy(message->text + message->length, text, length);
    message->length += length;
}

void zm_message_text(struct zm_message *message, const char *text)
{
    append(message, text, strlen(text));
}

/* Stands for itself between quotes. */
static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

void zm_message_quoted(struct zm_message *message, const char *text, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    size_t shown = length < QUOTED_MAX ? length : QUOTED_MAX;

    append(message, "\"", 1);
    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (is_plain(byte)) {
            append(message, text + i, 1);
        } else {
            char escaped[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};

            append(message, escaped, sizeof escaped);
        }
    }
    zm_message_text(message, shown < length ? "...\"" : "\"");
}

static void append_number(struct zm_message *message, uintmax_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits;

    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    append(message, digits + at, sizeof digits - at);
}

void zm_message_decimal(struct zm_message *message, size_t number)
{
    append_number(message, number, 10);
}

void zm_message_pointer(struct zm_message *message, const void *pointer)
{
    append(message, "0x", 2);
    append_number(message, (uintptr_t)pointer, 16);
}

void zm_write_to_stderr(const char *text, size_t length)
{
    int saved_errno = errno;

    for (size_t done = 0; done < length;) {
        ssize_t written = write(STDERR_FILENO, text + done, length - done);

        if (written > 0)
            done += (size_t)written;
        else if (written == 0 || errno != EINTR)
            break;
    }
    errno = saved_errno;
}

void zm_message_send(struct zm_message *message)
{
    static const char prefix[] = "zmalloc: ";
    char line[sizeof prefix - 1 + sizeof message->text + 1];
    size_t length = sizeof prefix - 1;

    memcpy(line, prefix, length);
    memcpy(line + length, message->text, message->length);
    length += message->length;
    line[length++] = '\n';
    zm_write_to_stderr(line, length);
}
