/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The platform's malloc with a prefix of 16 bytes before each block, for platforms without a size
 * query and for exact sizes: what was asked for is what is usable and counted, the prefix apart.
 *
 * The prefix is two words of 64 bits: the size, with the alignment's logarithm in its top byte
 * where that is over 16; and a check word over the first and the address. It is 16 bytes, not 8, so
 * that blocks stay aligned for max_align_t. A pointer whose prefix does not check is no live block
 * of ours: it was freed, or came from elsewhere, or was written before; the process ends.
 */

#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "platform.h"

struct prefix {
    uint64_t word; /* size, and ALIGNMENT_SHIFT bits further up the alignment's logarithm or 0 */
    uint64_t check;
};

#define PREFIX_SIZE sizeof(struct prefix)
#define ALIGNMENT_SHIFT 56
#define SIZE_MASK (((uint64_t)1 << ALIGNMENT_SHIFT) - 1)

#define SMALLEST_PAGE 4096

/*
 * The C library gives a large block back to the system when it is freed, and a second free would
 * fault on the prefix before it could be checked. Such a block stands 16 bytes of the C library's and
 * 16 of ours into a page. Freed addresses of that kind are remembered, each in the slot of its page,
 * until they are blocks again.
 */
#define GONE_SLOTS 256
static uintptr_t gone[GONE_SLOTS];

static bool may_leave_hole(const void *ptr)
{
    return ZM_UNLIKELY((uintptr_t)ptr % SMALLEST_PAGE == 2 * PREFIX_SIZE);
}

static uintptr_t *gone_slot(const void *ptr)
{
    return &gone[(uintptr_t)ptr / SMALLEST_PAGE % GONE_SLOTS];
}

static void remember_gone(const void *ptr)
{
    if (may_leave_hole(ptr))
        __atomic_store_n(gone_slot(ptr), (uintptr_t)ptr, __ATOMIC_RELAXED);
}

static bool is_gone(const void *ptr)
{
    return may_leave_hole(ptr) &&
           __atomic_load_n(gone_slot(ptr), __ATOMIC_RELAXED) == (uintptr_t)ptr;
}

static void forget_gone(const void *ptr)
{
    if (is_gone(ptr))
        __atomic_store_n(gone_slot(ptr), 0, __ATOMIC_RELAXED);
}

/* One word to one word for a given address, so that no change of the first goes unseen. */
static uint64_t check_of(uint64_t word, const struct prefix *prefix)
{
    return ~(word ^ (uint64_t)(uintptr_t)prefix) * UINT64_C(0x9e3779b97f4a7c15);
}

static ZM_COLD _Noreturn void die_of_bad_pointer(const void *ptr)
{
    struct zm_message message = {0};

    zm_message_pointer(&message, ptr);
    zm_message_text(&message, " is not a live block of the libc backend: freed twice, not from "
                              "zmalloc, or its prefix was overwritten");
    zm_message_send(&message);
    abort();
}

/* The bytes before any pointer, wherever it points: that is what is to be found out. */
__attribute__((no_sanitize("address", "thread"))) static struct prefix bytes_before(const void *ptr)
{
    struct prefix bytes;

    __builtin_memcpy(&bytes, (const void *)((uintptr_t)ptr - PREFIX_SIZE), sizeof bytes);
    return bytes;
}

/* The prefix of a block, checked. */
static struct prefix *prefix_of(const void *ptr)
{
    struct prefix *prefix = (struct prefix *)((uintptr_t)ptr - PREFIX_SIZE);
    struct prefix bytes;

    /* Nothing is mapped in the first page: a member of a structure at NULL. */
    if (ZM_UNLIKELY((uintptr_t)ptr < SMALLEST_PAGE) || is_gone(ptr))
        die_of_bad_pointer(ptr);
    bytes = bytes_before(ptr);
    if (ZM_UNLIKELY(bytes.check != check_of(bytes.word, prefix)))
        die_of_bad_pointer(ptr);
    return prefix;
}

static size_t size_of(const struct prefix *prefix)
{
    return (size_t)(prefix->word & SIZE_MASK);
}

/* Where the C library's block begins: the whole alignment before ours. */
static void *base_of(struct prefix *prefix)
{
    unsigned shift = (unsigned)(prefix->word >> ALIGNMENT_SHIFT);

    if (ZM_LIKELY(shift == 0))
        return prefix;
    return (char *)prefix + PREFIX_SIZE - ((size_t)1 << shift);
}

static void *write_prefix(struct prefix *prefix, uint64_t word, size_t *usable)
{
    prefix->word = word;
    prefix->check = check_of(word, prefix);
    *usable = size_of(prefix);
    forget_gone(prefix + 1);
    return prefix + 1;
}

static void *libc_alloc(size_t size, size_t *usable)
{
    struct prefix *prefix = malloc(size + PREFIX_SIZE);

    return prefix != NULL ? write_prefix(prefix, size, usable) : NULL;
}

static void *libc_calloc(size_t size, size_t *usable)
{
    struct prefix *prefix = calloc(1, size + PREFIX_SIZE);

    return prefix != NULL ? write_prefix(prefix, size, usable) : NULL;
}

/* The prefix stands at the end of a first alignment's worth of bytes. */
static void *libc_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    unsigned shift = (unsigned)__builtin_ctzll(alignment);
    void *base = NULL;

    if (alignment <= PREFIX_SIZE)
        return libc_alloc(size, usable);
    if (posix_memalign(&base, alignment, size + alignment) != 0)
        return NULL;
    return write_prefix((struct prefix *)((char *)base + alignment - PREFIX_SIZE),
                        (uint64_t)shift << ALIGNMENT_SHIFT | size, usable);
}

/* From here on the block is dead, whether the C library leaves its bytes alone or unmaps them. */
static void bury(struct prefix *prefix)
{
    *(volatile uint64_t *)&prefix->check = 0;
    remember_gone(prefix + 1);
}

static void free_block(struct prefix *prefix)
{
    void *base = base_of(prefix);

    bury(prefix);
    free(base);
}

static size_t libc_free(void *ptr)
{
    struct prefix *prefix = prefix_of(ptr);
    size_t size = size_of(prefix);

    free_block(prefix);
    return size;
}

static size_t libc_free_sized(void *ptr, size_t size)
{
    (void)size;
    return libc_free(ptr);
}

/* The C library's realloc would not move an aligned block's prefix with its contents. */
static void *move_aligned(struct prefix *old, size_t size, size_t *usable)
{
    void *moved = libc_alloc(size, usable);

    if (moved != NULL) {
        memcpy(moved, old + 1, size < size_of(old) ? size : size_of(old));
        free_block(old);
    }
    return moved;
}

/* The prefix that a moved block leaves behind must not check; one that stays gets it back. */
static void *move_plain(struct prefix *old, size_t size, size_t *usable)
{
    uint64_t word = old->word;
    struct prefix *moved;
    size_t ignored;

    bury(old);
    moved = realloc(old, size + PREFIX_SIZE);
    if (moved != NULL)
        return write_prefix(moved, size, usable);
    write_prefix(old, word, &ignored);
    return NULL;
}

static void *libc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    struct prefix *prefix = prefix_of(ptr);
    size_t old_size = size_of(prefix);
    void *moved = ZM_LIKELY(base_of(prefix) == prefix) ? move_plain(prefix, size, usable)
                                                       : move_aligned(prefix, size, usable);

    if (moved != NULL)
        *old_usable = old_size;
    return moved;
}

static size_t libc_usable_size(const void *ptr)
{
    return size_of(prefix_of(ptr));
}

static const struct zmalloc_backend libc_backend = {
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "libc",
    .prefix_size = PREFIX_SIZE,
    .free_keeps_errno = 1, /* glibc since 2.33, musl, FreeBSD; POSIX 2024 asks it of all */
    .alloc = libc_alloc,
    .calloc = libc_calloc,
    .realloc = libc_realloc,
    .aligned_alloc = libc_aligned_alloc,
    .free = libc_free,
    .free_sized = libc_free_sized,
    .usable_size = libc_usable_size,
    .version = zm_platform_version,
    .allocator_info = zm_platform_allocator_info,
    .purge = zm_platform_purge,
};

static const struct zmalloc_backend *const core_backend = &libc_backend;

#include "core.h"

ZM_INSTANCE(libc);
