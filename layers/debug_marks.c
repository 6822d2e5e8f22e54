/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Canaries are made from the address and a number that each process draws for itself. Their bytes
 * are between 0x81 and 0xbf and odd, so that a single byte of 0, of 0xff or of ASCII written over
 * one never goes unseen.
 *
 * How a block comes from one thread to another is the affair of the allocator below, which the
 * thread sanitizer may not see: what is read and written here it leaves out.
 */

#include <string.h>
#include <sys/auxv.h>

#include "debug.h"
#include "uninstrumented.h"

static uint64_t secret[2];

/* The system gives each process 16 random bytes. */
void zm_debug_marks_start(void)
{
    const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);

    if (random != NULL)
        memcpy(secret, random, sizeof secret);
}

static uint64_t word_of(uint64_t key, uint64_t address)
{
    uint64_t mixed = (key ^ address) * UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return ((mixed ^ mixed >> 32) & UINT64_C(0xbfbfbfbfbfbfbfbf)) | UINT64_C(0x8181818181818181);
}

struct canary {
    unsigned char bytes[ZM_DEBUG_CANARY_SIZE];
};

static struct canary canary_at(uintptr_t address)
{
    uint64_t words[] = {word_of(secret[0], address), word_of(secret[1], address)};
    struct canary canary;

    _Static_assert(sizeof words == sizeof canary, "a canary is two words");
    memcpy(&canary, words, sizeof canary);
    return canary;
}

static unsigned char *head_of(const struct zm_debug_block *block)
{
    return (unsigned char *)(block->address - ZM_DEBUG_CANARY_SIZE);
}

static unsigned char *tail_of(const struct zm_debug_block *block)
{
    return (unsigned char *)(block->address + block->size);
}

void zm_debug_mark(const struct zm_debug_block *block)
{
    INSIDE_ALLOCATOR;
    struct canary head = canary_at((uintptr_t)head_of(block));
    struct canary tail = canary_at((uintptr_t)tail_of(block));

    memcpy(head_of(block), &head, sizeof head);
    memcpy(tail_of(block), &tail, sizeof tail);
}

static size_t filled(size_t size)
{
    return size < zm_debug_options.fill ? size : zm_debug_options.fill;
}

void zm_debug_fill(void *bytes, size_t size, int with)
{
    INSIDE_ALLOCATOR;
    memset(bytes, with, filled(size));
}

/* Both: of bytes that are not all as expected. */
static size_t first_difference(const unsigned char *bytes, const unsigned char *expected)
{
    size_t at = 0;

    while (bytes[at] == expected[at])
        at++;
    return at;
}

static size_t last_difference(const unsigned char *bytes, const unsigned char *expected,
                              size_t size)
{
    while (bytes[size - 1] == expected[size - 1])
        size--;
    return size - 1;
}

struct zm_debug_damage zm_debug_look_around(const struct zm_debug_block *block)
{
    INSIDE_ALLOCATOR;
    const unsigned char *bytes = tail_of(block);
    struct canary canary = canary_at((uintptr_t)bytes);

    if (memcmp(bytes, &canary, sizeof canary) != 0) {
        size_t at = first_difference(bytes, canary.bytes);

        return (struct zm_debug_damage){ZM_DEBUG_AFTER, at + 1, bytes[at]};
    }
    bytes = head_of(block);
    canary = canary_at((uintptr_t)bytes);
    if (memcmp(bytes, &canary, sizeof canary) != 0) {
        size_t at = last_difference(bytes, canary.bytes, sizeof canary);

        return (struct zm_debug_damage){ZM_DEBUG_BEFORE, sizeof canary - at, bytes[at]};
    }
    return (struct zm_debug_damage){.place = ZM_DEBUG_NOWHERE};
}

/* A row of equal bytes equals itself one further on. */
struct zm_debug_damage zm_debug_look_at_freed(const struct zm_debug_block *block)
{
    INSIDE_ALLOCATOR;
    const unsigned char *bytes = (const unsigned char *)block->address;
    size_t size = filled(block->size);
    size_t at = 0;

    if (size > 0 && (bytes[0] != ZM_DEBUG_FILL_FREED || memcmp(bytes, bytes + 1, size - 1) != 0)) {
        while (bytes[at] == ZM_DEBUG_FILL_FREED)
            at++;
        return (struct zm_debug_damage){ZM_DEBUG_INSIDE, at, bytes[at]};
    }
    return zm_debug_look_around(block);
}
