/* SPDX-License-Identifier: BSD-3-Clause */

#include "stream.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

bool stream_has_ended(const struct stream *stream)
{
    return stream->at == stream->end;
}

uint8_t stream_byte(struct stream *stream)
{
    return stream_has_ended(stream) ? 0 : *stream->at++;
}

struct stream stream_part(struct stream *stream, size_t size)
{
    size_t left = (size_t)(stream->end - stream->at);
    struct stream part = {.at = stream->at, .end = stream->at + (size < left ? size : left)};

    stream->at = part.end;
    return part;
}

/* ---- Sizes ---- */

/* Sizes at which allocators change what they do: size classes, pages, caches, mmap, peaks. */
static const size_t borders[] = {
    16,      32,      64,    128,   256,   512,   1008,      1024,      1032,      2048,    3584,
    4096,    8192,    14336, 16384, 32768, 65536, 128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20,
    4 << 20, 8 << 20, 12288, 24,    48,    112,   80,        131056,    1052672,
};

/* Leaves room for small additions and subtractions. */
static const size_t hopeless[] = {
    SIZE_MAX / 2, SIZE_MAX / 2 - 4096, SIZE_MAX - 15,     SIZE_MAX - 4096,
    SIZE_MAX / 4, SIZE_MAX / 8,        SURE_TO_FAIL + 16, SURE_TO_FAIL * 3,
};

enum size_kind { BYTES, WORDS, TINY, ANY, SKEWED, BORDER, POWER, HOPELESS, SIZE_KINDS };

/* kind and fine come from the first byte: 3 bits and 5. Large sizes are rare, because they take
 * time. */
static size_t size_of_kind(enum size_kind kind, size_t fine, size_t detail)
{
    switch (kind) {
    case BYTES:
        return detail & 0xff;
    case WORDS:
        return detail % 132 * 8 + fine % 8;
    case TINY:
        return detail % 32;
    case ANY:
        return detail;
    case SKEWED:
        return fine < 4 ? detail * 4 : detail / 8;
    case BORDER:
        return borders[detail % LENGTH(borders)] + fine - 16;
    case POWER:
        return ((size_t)16 << detail % (detail < 4096 ? 20 : 12)) + fine - 16;
    default:
        return hopeless[detail % LENGTH(hopeless)] + fine - 16;
    }
}

static size_t within(size_t size, size_t room)
{
    return size < SURE_TO_FAIL && size > room ? size % (room + 1) : size;
}

size_t stream_size(struct stream *stream, size_t room)
{
    size_t first = stream_byte(stream);
    size_t low = stream_byte(stream);
    size_t detail = low | (size_t)stream_byte(stream) << 8;

    return within(size_of_kind((enum size_kind)(first % SIZE_KINDS), first / SIZE_KINDS, detail),
                  room);
}

void stream_factors(struct stream *stream, size_t room, size_t *num, size_t *size)
{
    size_t how = stream_byte(stream);
    size_t product;

    *size = stream_size(stream, room);
    *num = how % 16;
    if (how >= 224)
        *num = SIZE_MAX / (*size != 0 ? *size : 1) + how % 3;
    else if (how >= 192)
        *num = SIZE_MAX / 2 / (*size != 0 ? *size : 1) + how % 3;
    if (!__builtin_mul_overflow(*num, *size, &product) && within(product, room) != product)
        *num = 1;
    if (how & 16) {
        product = *num;
        *num = *size;
        *size = product;
    }
}

/* ---- Alignments ---- */

static const size_t no_alignments[] = {
    0, 3, 24, 4097, SIZE_MAX / 2, SIZE_MAX, SIZE_MAX / 2 + 2, 48,
};

size_t stream_alignment(struct stream *stream)
{
    size_t how = stream_byte(stream);

    if (how < 200)
        return (size_t)1 << how % 20;
    if (how < 224)
        return (size_t)1 << (50 + how % 14);
    return no_alignments[how % LENGTH(no_alignments)];
}
