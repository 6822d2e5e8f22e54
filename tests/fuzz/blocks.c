/* SPDX-License-Identifier: BSD-3-Clause */

#include "blocks.h"

#include <string.h>

#include "lane.h"
#include "zmalloc.h"

#define BLOCK_ALIGNMENT 16

/* ---- Stamps: a word for each place, so that what has moved is seen ---- */

/* The ends of a block are stamped completely; between them only every so many words. */
#define END_SIZE 4096
#define STRIDE 1024

static size_t next_place(size_t at, size_t size)
{
    return at < END_SIZE || size - at <= END_SIZE + STRIDE ? at + sizeof(uint64_t) : at + STRIDE;
}

static uint64_t stamp_word(size_t place, uint64_t seed)
{
    return (seed + place) * UINT64_C(0x9e3779b97f4a7c15);
}

static void stamp(unsigned char *bytes, size_t size, uint64_t seed)
{
    for (size_t at = 0; at < size; at = next_place(at, size)) {
        uint64_t word = stamp_word(at, seed);

        memcpy(bytes + at, &word, size - at < sizeof word ? size - at : sizeof word);
    }
}

void check_stamp(const void *ptr, size_t size, size_t stamped, uint64_t seed)
{
    const unsigned char *bytes = ptr;

    for (size_t at = 0; at < size; at = next_place(at, stamped)) {
        uint64_t word = stamp_word(at, seed);
        size_t part = size - at < sizeof word ? size - at : sizeof word;

        EXPECT(memcmp(bytes + at, &word, part) == 0,
               "contents lost: byte %zu or one of the next %zu of %zu", at, part - 1, size);
    }
}

void check_zeroed(const void *ptr, size_t size)
{
    const unsigned char *bytes = ptr;

    EXPECT(size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0),
           "not all of %zu bytes are zero", size);
}

/* ---- Blocks ---- */

static size_t alignment_for(size_t size)
{
    size_t alignment = 1;

    while (alignment < BLOCK_ALIGNMENT && alignment * 2 <= size)
        alignment *= 2;
    return alignment;
}

static void check_sizes(const struct block *block)
{
    size_t usable = zmalloc_usable_size(block->ptr);
    size_t size = zmalloc_size(block->ptr);

    EXPECT(usable == block->usable, "the usable size of a block has become %zu, it was %zu", usable,
           block->usable);
    EXPECT(size == usable + zmalloc_backend_prefix_size(),
           "zmalloc_size() says %zu, the usable size is %zu and the prefix %zu", size, usable,
           zmalloc_backend_prefix_size());
}

void block_stamp(struct block *block, uint64_t seed)
{
    block->seed = seed;
    stamp(extend_to_usable(block->ptr, block->usable), block->usable, seed);
}

void block_came(struct block *block, void *ptr, size_t asked, uint64_t seed)
{
    size_t least = asked != 0 ? asked : sizeof(long);

    *block = (struct block){.ptr = ptr, .asked = asked, .usable = zmalloc_usable_size(ptr)};
    EXPECT(block->usable >= least, "the usable size is %zu, less than %zu", block->usable, least);
    EXPECT((uintptr_t)ptr % alignment_for(least) == 0, "%p is not aligned for %zu bytes", ptr,
           least);
    check_sizes(block);
    block_stamp(block, seed);
}

void block_check(const struct block *block)
{
    check_sizes(block);
    check_stamp(extend_to_usable(block->ptr, block->usable), block->usable, block->usable,
                block->seed);
}

size_t blocks_size(const struct block *blocks, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += zmalloc_size(blocks[i].ptr);
    return sum;
}

size_t blocks_asked(const struct block *blocks, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += blocks[i].ptr != NULL ? blocks[i].asked : 0;
    return sum;
}
