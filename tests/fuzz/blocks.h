/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BLOCKS_H
#define BLOCKS_H

/* Blocks that a stream holds, and what has to be true of each at any time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
    unsigned char *ptr; /* NULL: the slot is empty */
    size_t asked;
    size_t usable;
    uint64_t seed; /* of the stamp in its usable bytes */
};

/* Takes a block that came for a request: checks its alignment and its sizes, which all functions
 * must tell alike, and stamps all of it. */
void block_came(struct block *block, void *ptr, size_t asked, uint64_t seed);
void block_stamp(struct block *block, uint64_t seed);
/* The stamp is whole, and the sizes are what they were. */
void block_check(const struct block *block);
/* The first size bytes are what they were in a block of stamped bytes. */
void check_stamp(const void *ptr, size_t size, size_t stamped, uint64_t seed);
void check_zeroed(const void *ptr, size_t size);

/* The sum over blocks of what they count for. */
size_t blocks_size(const struct block *blocks, size_t count);
/* The sum of what was asked for. */
size_t blocks_asked(const struct block *blocks, size_t count);

#endif
