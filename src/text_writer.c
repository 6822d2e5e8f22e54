/* SPDX-License-Identifier: BSD-3-Clause */

#include "text_writer.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void zm_writer_bytes(struct zm_writer *writer, const char *text, size_t length)
{
    size_t left = writer->length < writer->room ? writer->room - writer->length : 0;

    if (left > 0)
        memcpy(writer->text + writer->length, text, length < left ? length : left);
    writer->length += length;
}

void zm_writer_text(struct zm_writer *writer, const char *text)
{
    zm_writer_bytes(writer, text, strlen(text));
}

static void append_number(struct zm_writer *writer, uint64_t number, unsigned base)
{
    char text[24];
    size_t at = sizeof text;

    do {
        text[--at] = digits[number % base];
        number /= base;
    } while (number != 0);
    zm_writer_bytes(writer, text + at, sizeof text - at);
}

void zm_writer_decimal(struct zm_writer *writer, uint64_t number)
{
    append_number(writer, number, 10);
}

void zm_writer_fixed(struct zm_writer *writer, uint64_t number, unsigned places)
{
    uint64_t one = 1;

    for (unsigned i = 0; i < places; i++)
        one *= 10;
    zm_writer_decimal(writer, number / one);
    zm_writer_text(writer, ".");
    for (uint64_t place = one / 10; place > 0; place /= 10)
        zm_writer_decimal(writer, number / place % 10);
}

void zm_writer_hexadecimal(struct zm_writer *writer, uint64_t number)
{
    append_number(writer, number, 16);
}

void zm_writer_pad(struct zm_writer *writer, size_t start, size_t width)
{
    while (writer->length < start + width)
        zm_writer_bytes(writer, " ", 1);
}

/* ---- For people ---- */

/* Needs no escape between quotes. */
static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

void zm_writer_printable(struct zm_writer *writer, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (is_plain(byte)) {
            zm_writer_bytes(writer, text + i, 1);
        } else {
            char escaped[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};

            zm_writer_bytes(writer, escaped, sizeof escaped);
        }
    }
}

/* ---- For programs ---- */

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The length of a character above ASCII by its first byte. 0: no character begins like that. */
static size_t length_after(unsigned char lead)
{
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/* No overlong forms, no halves of UTF-16 pairs, nothing beyond Unicode. */
static bool is_second_byte(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second < 0xa0;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second < 0x90;
    default:
        return true;
    }
}

/* The length of the character above ASCII at the start of the text; 0 if there is none. */
static size_t character_length(const char *text)
{
    size_t length = length_after((unsigned char)text[0]);

    for (size_t i = 1; i < length; i++)
        if (!is_continuation(text[i]))
            return 0;
    if (length > 0 && !is_second_byte((unsigned char)text[0], (unsigned char)text[1]))
        return 0;
    return length;
}

void zm_writer_utf8(struct zm_writer *writer, const char *text,
                    bool (*escape)(struct zm_writer *writer, char c))
{
    static const char replacement[] = "\xef\xbf\xbd";

    while (*text != '\0') {
        bool is_ascii = (unsigned char)*text < 0x80;
        size_t length = is_ascii ? 1 : character_length(text);

        if (length == 0)
            zm_writer_text(writer, replacement);
        else if (!is_ascii || !escape(writer, *text))
            zm_writer_bytes(writer, text, length);
        text += length > 0 ? length : 1;
    }
}
