/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STREAM_H
#define STREAM_H

/* What the bytes of an input mean, below the level of operations. Past its end a stream is all
 * zeros. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream {
    const uint8_t *at;
    const uint8_t *end;
};

/* A request of this size or more fails on every machine; one within the actor's room never does. No
 * request is in between. */
#define SURE_TO_FAIL ((size_t)1 << 50)

bool stream_has_ended(const struct stream *stream);
uint8_t stream_byte(struct stream *stream);
/* Reads the next bytes of the stream, as many as there are up to size. */
struct stream stream_part(struct stream *stream, size_t size);

/* A size, three bytes: at most room, or at least SURE_TO_FAIL. */
size_t stream_size(struct stream *stream, size_t room);
/* Two factors, whose product is at most room, or at least SURE_TO_FAIL, or does not fit. */
void stream_factors(struct stream *stream, size_t room, size_t *num, size_t *size);
/* An alignment, one byte: 1 to ALIGNMENT_MAX, or an invalid one, or more than any machine can
 * serve. */
#define ALIGNMENT_MAX ((size_t)1 << 19)
size_t stream_alignment(struct stream *stream);

#endif
