/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BLOCKS_H
#define BLOCKS_H

/* Blocks that a stream holds, and what must be true of each at any time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
    unsigned char *ptr; /* NULL: the slot is empty */
    size_t asked;
    size_t usable;
    uint64_t seed; /* of the stamp in its usable bytes */
};

/* Takes over a new block: checks its alignment and its sizes, on which all functions must agree,
 * and stamps all of it. */
void block_came(struct block *block, void *ptr, size_t asked, uint64_t seed);
void block_stamp(struct block *block, uint64_t seed);
/* The stamp is intact, and the sizes are what they were. */
void block_check(const struct block *block);
/* The first size bytes are those of a stamped block. */
void check_stamp(const void *ptr, size_t size, size_t stamped, uint64_t seed);
void check_zeroed(const void *ptr, size_t size);

/* The sum of what the blocks count for. */
size_t blocks_size(const struct block *blocks, size_t count);
/* The sum of what was asked for. */
size_t blocks_asked(const struct block *blocks, size_t count);

#endif
