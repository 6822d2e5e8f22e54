/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "base.h"
#include "config.h"
#include "message.h"
#include "output.h"
#include "text_writer.h"

#define QUOTED_MAX 64

static struct zm_writer writer_at_end(struct zm_message *message)
{
    return (struct zm_writer){message->text, sizeof message->text, message->length};
}

static void keep_what_fits(struct zm_message *message, const struct zm_writer *writer)
{
    message->length = writer->length < writer->room ? writer->length : writer->room;
}

void zm_message_text(struct zm_message *message, const char *text)
{
    struct zm_writer writer = writer_at_end(message);

    zm_writer_text(&writer, text);
    keep_what_fits(message, &writer);
}

void zm_message_quoted(struct zm_message *message, const char *text, size_t length)
{
    struct zm_writer writer = writer_at_end(message);
    size_t shown = length < QUOTED_MAX ? length : QUOTED_MAX;

    zm_writer_text(&writer, "\"");
    zm_writer_printable(&writer, text, shown);
    zm_writer_text(&writer, shown < length ? "...\"" : "\"");
    keep_what_fits(message, &writer);
}

void zm_message_decimal(struct zm_message *message, size_t number)
{
    struct zm_writer writer = writer_at_end(message);

    zm_writer_decimal(&writer, number);
    keep_what_fits(message, &writer);
}

void zm_message_pointer(struct zm_message *message, const void *pointer)
{
    struct zm_writer writer = writer_at_end(message);

    zm_writer_text(&writer, "0x");
    zm_writer_hexadecimal(&writer, (uintptr_t)pointer);
    keep_what_fits(message, &writer);
}

void zm_message_error(struct zm_message *message, int error)
{
#ifdef ZM_HAVE_STRERRORDESC_NP
    const char *description = strerrordesc_np(error);

    zm_message_text(message, description != NULL ? description : "unknown error");
#else
    zm_message_text(message, strerror(error));
#endif
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
