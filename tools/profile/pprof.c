/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The form of pprof: a message of protocol buffers (profile.proto), compressed by zlib. Names are in the
 * file, so whoever reads it needs neither the program nor its debug files.
 */

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "output.h"
#include "profile/traces.h"
#include "text.h"
#include "verb.h"

/* ---- Bytes of a message ---- */

struct message {
    unsigned char *bytes;
    size_t length;
    size_t room;
};

static void put(struct message *message, const void *bytes, size_t length)
{
    if (message->length + length > message->room) {
        message->room = 2 * (message->length + length);
        message->bytes = realloc(message->bytes, message->room);
        if (message->bytes == NULL)
            abort();
    }
    memcpy(message->bytes + message->length, bytes, length);
    message->length += length;
}

static void put_varint(struct message *message, uint64_t number)
{
    unsigned char byte;

    do {
        byte = (unsigned char)(number & 0x7f);
        number >>= 7;
        if (number != 0)
            byte |= 0x80;
        put(message, &byte, 1);
    } while (number != 0);
}

static void put_number(struct message *message, unsigned field, uint64_t number)
{
    put_varint(message, field << 3);
    put_varint(message, number);
}

static void put_bytes(struct message *message, unsigned field, const void *bytes, size_t length)
{
    put_varint(message, field << 3 | 2);
    put_varint(message, length);
    put(message, bytes, length);
}

/* Puts a part into the whole, and empties it. */
static void put_part(struct message *message, unsigned field, struct message *part)
{
    put_bytes(message, field, part->bytes != NULL ? part->bytes : (const unsigned char *)"",
              part->length);
    part->length = 0;
}

/* ---- What has a number ---- */

struct numbered {
    const void *what;
    uint64_t number;
};

struct numbers {
    void *known;
    uint64_t last;
    int (*compare)(const void *left, const void *right);
};

static int compare_texts(const void *left, const void *right)
{
    return strcmp(((const struct numbered *)left)->what, ((const struct numbered *)right)->what);
}

static int compare_places(const void *left, const void *right)
{
    const char *a = ((const struct numbered *)left)->what;
    const char *b = ((const struct numbered *)right)->what;

    return (a > b) - (a < b);
}

/* *is_new tells whether it has the number only now. */
static uint64_t number_of(struct numbers *numbers, const void *what, bool *is_new)
{
    struct numbered *entry = allocate(1, sizeof *entry);
    struct numbered **found;

    entry->what = what;
    found = tsearch(entry, &numbers->known, numbers->compare);
    if (found == NULL)
        abort();
    *is_new = *found == entry;
    if (*is_new)
        entry->number = ++numbers->last;
    else
        free(entry);
    return (*found)->number;
}

struct writer {
    struct message profile;
    struct message part;
    struct message inner;
    struct numbers texts; /* the empty one, number 0, is not among them */
    struct numbers functions;
    struct numbers locations;
};

#define TEXT 6

/* Texts have to live until the end. */
static uint64_t text_number(struct writer *writer, const char *text)
{
    bool is_new;
    uint64_t number;

    if (*text == '\0')
        return 0;
    number = number_of(&writer->texts, text, &is_new);
    if (is_new)
        put_bytes(&writer->profile, TEXT, text, strlen(text));
    return number;
}

static void put_type(struct writer *writer, unsigned field, const char *type, const char *unit)
{
    put_number(&writer->part, 1, text_number(writer, type));
    put_number(&writer->part, 2, text_number(writer, unit));
    put_part(&writer->profile, field, &writer->part);
}

static uint64_t function_number(struct writer *writer, const struct frame *frame, const char *name)
{
    bool is_new;
    uint64_t number = number_of(&writer->functions, name, &is_new);

    if (is_new) {
        put_number(&writer->part, 1, number);
        put_number(&writer->part, 2, text_number(writer, name));
        put_number(&writer->part, 3, text_number(writer, name));
        put_number(&writer->part, 4, text_number(writer, frame->file != NULL ? frame->file : ""));
        put_part(&writer->profile, 5, &writer->part);
    }
    return number;
}

static uint64_t location_number(struct writer *writer, const struct frame *frame)
{
    bool is_new;
    uint64_t number = number_of(&writer->locations, frame, &is_new);

    if (is_new) {
        uint64_t function = function_number(writer, frame, frame_name(frame));

        put_number(&writer->inner, 1, function);
        put_number(&writer->inner, 2, (uint64_t)frame->line);
        put_number(&writer->part, 1, number);
        put_number(&writer->part, 3, frame->offset);
        put_part(&writer->part, 4, &writer->inner);
        put_part(&writer->profile, 4, &writer->part);
    }
    return number;
}

/* Without the brackets. Lives until the end, as all texts have to. */
static const char *zone_name(const struct frame *frame)
{
    const char *name = strchr(frame->function, ' ') + 1;

    return text_format("%.*s", (int)strlen(name) - 1, name);
}

/* Locations are written before the sample that has them. */
static void put_sample(struct writer *writer, const struct trace *trace)
{
    const struct heap_figures *figures = &trace->figures;
    const int64_t values[] = {figures->all_blocks, figures->all_bytes, figures->live_blocks,
                              figures->live_bytes};
    struct message sample = {0};
    struct message list = {0};

    for (size_t i = 0; i < trace->depth; i++)
        if (!trace->frames[i]->is_zone)
            put_varint(&list, location_number(writer, trace->frames[i]));
    put_part(&sample, 1, &list);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        put_varint(&list, (uint64_t)values[i]);
    put_part(&sample, 2, &list);
    if (trace->depth > 0 && trace->frames[trace->depth - 1]->is_zone) {
        put_number(&list, 1, text_number(writer, "zone"));
        put_number(&list, 2, text_number(writer, zone_name(trace->frames[trace->depth - 1])));
        put_part(&sample, 3, &list);
    }
    put_part(&writer->profile, 2, &sample);
    free(list.bytes);
    free(sample.bytes);
}

static void build(struct writer *writer, const struct traces *traces)
{
    writer->texts.compare = writer->functions.compare = compare_texts;
    writer->locations.compare = compare_places;
    put_bytes(&writer->profile, TEXT, "", 0);
    put_type(writer, 1, "alloc_objects", "count");
    put_type(writer, 1, "alloc_space", "bytes");
    put_type(writer, 1, "inuse_objects", "count");
    put_type(writer, 1, "inuse_space", "bytes");
    for (size_t i = 0; i < traces->count; i++)
        put_sample(writer, &traces->of[i]);
    put_type(writer, 11, "space", "bytes");
    put_number(&writer->profile, 14, text_number(writer, "inuse_space"));
}

static int compress_to(FILE *file, const struct message *profile)
{
    gzFile gz = gzdopen(dup(fileno(file)), "wb");
    int written;

    if (gz == NULL)
        return -1;
    written = gzwrite(gz, profile->bytes, (unsigned)profile->length);
    if (gzclose(gz) != Z_OK || written <= 0 || (size_t)written != profile->length) {
        errno = errno != 0 ? errno : EIO;
        return -1;
    }
    return 0;
}

int write_pprof(const char *path, const struct traces *traces)
{
    struct writer writer = {0};
    struct output output;
    int result;

    build(&writer, traces);
    result = open_output(&output, path);
    if (result == 0) {
        errno = 0;
        result = compress_to(output.file, &writer.profile);
        if (result == 0)
            result = keep_output(&output);
        else
            drop_output(&output);
    }
    tdestroy(writer.texts.known, free);
    tdestroy(writer.functions.known, free);
    tdestroy(writer.locations.known, free);
    free(writer.profile.bytes);
    free(writer.part.bytes);
    free(writer.inner.bytes);
    return result;
}
