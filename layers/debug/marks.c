/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Canaries are made from the address and from random numbers of the process. Their bytes are odd
 * and between 0x81 and 0xbf, so a single byte of 0, 0xff or ASCII written over one always shows;
 * and a word of them is never a possible length of a block (zmalloc.hpp).
 *
 * The allocator below passes blocks from one thread to another, which the thread sanitizer may not
 * see. So it ignores what is read and written here.
 */

#include <string.h>

#include "../secret.h"
#include "debug.h"
#include "uninstrumented.h"

static uint64_t secret[2];
static size_t prefix_size; /* of what is looked at */

void zm_debug_marks_start(size_t size)
{
    zm_draw_secret(secret);
    prefix_size = size <= ZM_DEBUG_PREFIX_MAX ? size : 0;
}

/* ---- Canaries ---- */

#define WORD sizeof(uint64_t)

static uint64_t word_at(uint64_t address)
{
    uint64_t mixed = (secret[0] ^ address) * UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 29 ^ secret[1]) * UINT64_C(0xbf58476d1ce4e5b9);
    return ((mixed ^ mixed >> 32) & UINT64_C(0xbfbfbfbfbfbfbfbf)) | UINT64_C(0x8181818181818181);
}

/* The part of a canary that is in one word, from an address on. */
struct piece {
    unsigned char bytes[WORD];
    size_t offset;
    size_t size;
};

static struct piece piece_at(const unsigned char *at, const unsigned char *end)
{
    struct piece piece = {.offset = (uintptr_t)at % WORD};
    uint64_t word = word_at((uintptr_t)at - piece.offset);

    memcpy(piece.bytes, &word, WORD);
    piece.size = WORD - piece.offset;
    if (piece.size > (size_t)(end - at))
        piece.size = (size_t)(end - at);
    return piece;
}

static void lay(unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        struct piece piece = piece_at(at, end);

        memcpy(at, piece.bytes + piece.offset, piece.size);
        at += piece.size;
    }
}

/* Nearly all pieces are whole words, which take no call. */
static bool is_unchanged(const unsigned char *at, const struct piece *piece)
{
    if (piece->size == WORD)
        return memcmp(at, piece->bytes, WORD) == 0;
    return memcmp(at, piece->bytes + piece->offset, piece->size) == 0;
}

/* The first word that has changed, or the part of it that is there; end if all are unchanged. */
static const unsigned char *first_changed(const unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        struct piece piece = piece_at(at, end);

        if (!is_unchanged(at, &piece))
            break;
        at += piece.size;
    }
    return at;
}

static bool is_changed(const unsigned char *byte)
{
    struct piece piece = piece_at(byte, byte + 1);

    return *byte != piece.bytes[piece.offset];
}

/* ---- Where they are ---- */

static unsigned char *start_of(const struct zm_debug_block *block)
{
    return (unsigned char *)block->address;
}

/* Bytes far before a block of a large alignment are left alone: their pages may be untouched. */
static unsigned char *head_of(const struct zm_debug_block *block)
{
    size_t most = zm_debug_options.fill;

    if (most < zm_debug_options.canary)
        most = zm_debug_options.canary;
    return start_of(block) - (block->head < most ? block->head : most);
}

static unsigned char *tail_of(const struct zm_debug_block *block)
{
    return start_of(block) + block->size;
}

static unsigned char *end_of(const struct zm_debug_block *block)
{
    size_t opened = block->was_nothing ? ZM_SIZE_OF_NOTHING : block->size;

    return start_of(block) + opened + zm_debug_options.canary;
}

static const unsigned char *prefix_of(const struct zm_debug_block *block)
{
    return start_of(block) - block->head - prefix_size;
}

void zm_debug_mark(struct zm_debug_block *block)
{
    INSIDE_ALLOCATOR;
    lay(head_of(block), start_of(block));
    lay(tail_of(block), end_of(block));
    memcpy(block->prefix, prefix_of(block), prefix_size);
}

void zm_debug_mark_open(struct zm_debug_block *block)
{
    INSIDE_ALLOCATOR;
    block->size = ZM_SIZE_OF_NOTHING;
    memset(start_of(block), block->is_zeroed ? 0 : ZM_DEBUG_FILL_NEW, block->size);
}

/* ---- Filling ---- */

static size_t filled(size_t size)
{
    return size < zm_debug_options.fill ? size : zm_debug_options.fill;
}

void zm_debug_fill(void *bytes, size_t size, int with)
{
    INSIDE_ALLOCATOR;
    memset(bytes, with, filled(size));
}

/* ---- Looking ---- */

static const struct zm_debug_damage no_damage = {.place = ZM_DEBUG_NOWHERE};

static struct zm_debug_damage look_behind(const struct zm_debug_block *block)
{
    const unsigned char *byte = first_changed(tail_of(block), end_of(block));

    if (byte == end_of(block))
        return no_damage;
    while (!is_changed(byte))
        byte++;
    return (struct zm_debug_damage){ZM_DEBUG_AFTER, (size_t)(byte - tail_of(block)) + 1, *byte};
}

static struct zm_debug_damage before(const struct zm_debug_block *block, const unsigned char *byte)
{
    return (struct zm_debug_damage){ZM_DEBUG_BEFORE, (size_t)(start_of(block) - byte), *byte};
}

static struct zm_debug_damage look_before(const struct zm_debug_block *block)
{
    const unsigned char *byte = start_of(block) - 1;

    if (first_changed(head_of(block), start_of(block)) == start_of(block))
        return no_damage;
    while (!is_changed(byte))
        byte--;
    return before(block, byte);
}

/* The backend would not recognize its own block. */
static struct zm_debug_damage look_at_prefix(const struct zm_debug_block *block)
{
    for (size_t i = prefix_size; i > 0; i--)
        if (prefix_of(block)[i - 1] != block->prefix[i - 1])
            return before(block, &prefix_of(block)[i - 1]);
    return no_damage;
}

struct zm_debug_damage zm_debug_look_around(const struct zm_debug_block *block)
{
    INSIDE_ALLOCATOR;
    struct zm_debug_damage damage = look_behind(block);

    if (damage.place == ZM_DEBUG_NOWHERE)
        damage = look_before(block);
    if (damage.place == ZM_DEBUG_NOWHERE)
        damage = look_at_prefix(block);
    return damage;
}

/* A row of equal bytes equals itself moved by one. */
struct zm_debug_damage zm_debug_look_at_freed(const struct zm_debug_block *block)
{
    INSIDE_ALLOCATOR;
    const unsigned char *bytes = start_of(block);
    size_t size = filled(block->size);
    size_t at = 0;

    if (size > 0 && (bytes[0] != ZM_DEBUG_FILL_FREED || memcmp(bytes, bytes + 1, size - 1) != 0)) {
        while (bytes[at] == ZM_DEBUG_FILL_FREED)
            at++;
        return (struct zm_debug_damage){ZM_DEBUG_INSIDE, at, bytes[at]};
    }
    return zm_debug_look_around(block);
}
