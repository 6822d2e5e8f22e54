/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The platform's malloc with a prefix of 16 bytes before each block, for platforms without a size
 * query and for exact sizes: the usable and counted size is the size asked for, apart from the
 * prefix.
 *
 * The prefix is two words of 64 bits: the size, with flags in its top byte; and a check word
 * computed from the first word and the address. It is 16 bytes and not 8, so blocks stay aligned
 * for max_align_t. A pointer whose prefix is wrong is not a live block of ours: it was freed, came
 * from elsewhere, or something wrote before the block. Then the process ends.
 */

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "message.h"
#include "os/c_malloc.h"
#include "platform.h"

struct prefix {
    uint64_t word; /* size, and from FLAGS_SHIFT on what is unusual about the block */
    uint64_t check;
};

#define PREFIX_SIZE sizeof(struct prefix)
#define FLAGS_SHIFT 56
#define SIZE_MASK (((uint64_t)1 << FLAGS_SHIFT) - 1)
/* The distance to the start of the C library's block: up to this it is stored as the number of
 * prefixes minus one, larger ones as powers of two. */
#define DISTANCE_STEPS 64u
/* It may leave a hole, see may_leave_hole(). */
#define FLAG_HOLE 128u

#define SMALLEST_PAGE 4096

/*
 * The C library unmaps a large block when it is freed, so a second free would fault on the prefix
 * before it could be checked. Such a block begins 32 bytes into a page: 16 of the C library, 16 of
 * ours. We remember freed addresses of that kind, each in the slot of its page, until they are
 * blocks again.
 */
#define GONE_SLOTS 256
static uintptr_t gone[GONE_SLOTS];

ZM_INLINE bool may_leave_hole(const void *ptr)
{
    return ZM_UNLIKELY(((uintptr_t)ptr - 2 * PREFIX_SIZE) % SMALLEST_PAGE == 0);
}

ZM_INLINE uintptr_t *gone_slot(const void *ptr)
{
    return &gone[(uintptr_t)ptr / SMALLEST_PAGE % GONE_SLOTS];
}

static void remember_gone(const void *ptr)
{
    __atomic_store_n(gone_slot(ptr), (uintptr_t)ptr, __ATOMIC_RELAXED);
}

ZM_INLINE bool is_gone(const void *ptr)
{
    return may_leave_hole(ptr) &&
           __atomic_load_n(gone_slot(ptr), __ATOMIC_RELAXED) == (uintptr_t)ptr;
}

static void forget_gone(const void *ptr)
{
    if (is_gone(ptr))
        __atomic_store_n(gone_slot(ptr), 0, __ATOMIC_RELAXED);
}

/* A bijection for a given address, so every change of the word shows. */
ZM_INLINE uint64_t check_of(uint64_t word, const struct prefix *prefix)
{
    return ~(word ^ (uint64_t)(uintptr_t)prefix);
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

/* The bytes before any pointer. Where it points is what we want to find out. */
__attribute__((no_sanitize("address", "thread"))) static struct prefix bytes_before(const void *ptr)
{
    struct prefix bytes;

    __builtin_memcpy(&bytes, (const void *)((uintptr_t)ptr - PREFIX_SIZE), sizeof bytes);
    return bytes;
}

/* Where the prefix of a block is. */
ZM_INLINE struct prefix *prefix_before(const void *ptr)
{
    return (struct prefix *)((uintptr_t)ptr - PREFIX_SIZE);
}

/* The prefix of a block, checked. */
ZM_INLINE struct prefix *prefix_of(const void *ptr)
{
    struct prefix *prefix = prefix_before(ptr);
    struct prefix bytes;

    /* Nothing is mapped in the first page; such a pointer is a member of a structure at NULL. */
    if (ZM_UNLIKELY((uintptr_t)ptr < SMALLEST_PAGE) || is_gone(ptr))
        die_of_bad_pointer(ptr);
    bytes = bytes_before(ptr);
    if (ZM_UNLIKELY(bytes.check != check_of(bytes.word, prefix)))
        die_of_bad_pointer(ptr);
    return prefix;
}

ZM_INLINE size_t size_of(const struct prefix *prefix)
{
    return (size_t)(prefix->word & SIZE_MASK);
}

ZM_INLINE unsigned flags_of(const struct prefix *prefix)
{
    return (unsigned)(prefix->word >> FLAGS_SHIFT);
}

/* Where the C library's block begins. */
ZM_INLINE void *base_of(struct prefix *prefix)
{
    unsigned distance = flags_of(prefix) & ~FLAG_HOLE;

    if (distance < DISTANCE_STEPS)
        return prefix - distance;
    return (char *)(prefix + 1) - ((size_t)1 << (distance - DISTANCE_STEPS));
}

ZM_INLINE void *write_prefix(struct prefix *prefix, uint64_t word)
{
    prefix->word = word;
    /* Atomic, or gcc makes one vector of both words, which takes longer than two stores. */
    __atomic_store_n(&prefix->check, check_of(word, prefix), __ATOMIC_RELAXED);
    return prefix + 1;
}

/* A block at an address where a freed one may have been, and which may itself leave a hole. */
static __attribute__((noinline)) void *write_prefix_at_hole(struct prefix *prefix, uint64_t word)
{
    forget_gone(prefix + 1);
    return write_prefix(prefix, word | (uint64_t)FLAG_HOLE << FLAGS_SHIFT);
}

ZM_INLINE void *make_prefix(struct prefix *prefix, uint64_t word)
{
    return may_leave_hole(prefix + 1) ? write_prefix_at_hole(prefix, word)
                                      : write_prefix(prefix, word);
}

ZM_INLINE void *make_block(struct prefix *prefix, size_t size, size_t *usable)
{
    if (ZM_UNLIKELY(prefix == NULL))
        return NULL;
    *usable = size;
    return make_prefix(prefix, size);
}

ZM_INLINE void *libc_alloc(size_t size, size_t *usable)
{
    return make_block(ZM_C_MALLOC(malloc)(size + PREFIX_SIZE), size, usable);
}

ZM_INLINE void *libc_calloc(size_t size, size_t *usable)
{
    return make_block(ZM_C_MALLOC(calloc)(1, size + PREFIX_SIZE), size, usable);
}

static void *make_aligned(void *base, void *block, unsigned distance, size_t size, size_t *usable)
{
    if (base == NULL)
        return NULL;
    *usable = size;
    return make_prefix(prefix_before(block), (uint64_t)distance << FLAGS_SHIFT | size);
}

/*
 * The first address of that alignment in memory from malloc(), which is several times as fast for
 * such sizes as posix_memalign() and wastes no more. The distance is counted in prefixes, so this
 * returns
 * NULL also if malloc() does not align to them.
 */
static void *align_within(size_t alignment, size_t size, size_t *usable)
{
    uintptr_t base = (uintptr_t)ZM_C_MALLOC(malloc)(size + alignment);
    uintptr_t block = (base + PREFIX_SIZE + alignment - 1) & ~(uintptr_t)(alignment - 1);

    if (ZM_UNLIKELY(base % PREFIX_SIZE != 0)) {
        ZM_C_MALLOC(free)((void *)base);
        return NULL;
    }
    return make_aligned((void *)base, (void *)block, (unsigned)((block - base) / PREFIX_SIZE - 1),
                        size, usable);
}

/* The prefix is at the end of the first alignment bytes. */
static void *align_from_the_base(size_t alignment, size_t size, size_t *usable)
{
    unsigned distance = DISTANCE_STEPS + (unsigned)__builtin_ctzll(alignment);
    void *base = NULL;

    if (ZM_C_MALLOC(posix_memalign)(&base, alignment, size + alignment) != 0)
        return NULL;
    return make_aligned(base, (char *)base + alignment, distance, size, usable);
}

static void *libc_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    void *ptr = NULL;

    if (alignment <= PREFIX_SIZE)
        return libc_alloc(size, usable);
    if (alignment <= DISTANCE_STEPS * PREFIX_SIZE)
        ptr = align_within(alignment, size, usable);
    return ptr != NULL ? ptr : align_from_the_base(alignment, size, usable);
}

/* From here on the block is dead, even if the C library leaves its bytes alone. */
ZM_INLINE void bury(struct prefix *prefix)
{
    *(volatile uint64_t *)&prefix->check = 0;
}

static __attribute__((noinline)) void release_unusual(struct prefix *prefix)
{
    void *base = base_of(prefix);

    bury(prefix);
    if (flags_of(prefix) & FLAG_HOLE)
        remember_gone(prefix + 1);
    ZM_C_MALLOC(free)(base);
}

ZM_INLINE void libc_release(void *ptr)
{
    struct prefix *prefix = prefix_before(ptr);

    if (ZM_UNLIKELY(flags_of(prefix) != 0)) {
        release_unusual(prefix);
    } else {
        bury(prefix);
        ZM_C_MALLOC(free)(prefix);
    }
}

ZM_INLINE size_t libc_usable_size(const void *ptr)
{
    return size_of(prefix_of(ptr));
}

static size_t libc_free(void *ptr)
{
    size_t size = libc_usable_size(ptr);

    libc_release(ptr);
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
        libc_release(old + 1);
    }
    return moved;
}

/* The prefix that a moved block leaves behind must be wrong; a block that stays gets it back. */
ZM_INLINE void *move_plain(struct prefix *old, size_t size, size_t *usable)
{
    uint64_t word = old->word;
    struct prefix *moved;

    bury(old);
    if (may_leave_hole(old + 1))
        remember_gone(old + 1);
    moved = ZM_C_MALLOC(realloc)(old, size + PREFIX_SIZE);
    if (moved == NULL)
        make_prefix(old, word);
    return make_block(moved, size, usable);
}

ZM_INLINE void *libc_realloc(void *ptr, size_t size, size_t *old_usable, size_t *usable)
{
    struct prefix *prefix = prefix_of(ptr);
    size_t old_size = size_of(prefix);
    void *moved = ZM_LIKELY(base_of(prefix) == prefix) ? move_plain(prefix, size, usable)
                                                       : move_aligned(prefix, size, usable);

    if (moved != NULL)
        *old_usable = old_size;
    return moved;
}

static size_t libc_good_size(size_t size)
{
    return size;
}

static const struct zmalloc_backend libc_backend = {
    .struct_size = sizeof(struct zmalloc_backend),
    .abi_version = ZMALLOC_BACKEND_ABI,
    .name = "libc",
    .prefix_size = PREFIX_SIZE,
    .free_keeps_errno = 1, /* glibc since 2.33, musl, FreeBSD; POSIX 2024 requires it */
    .alloc = libc_alloc,
    .calloc = libc_calloc,
    .realloc = libc_realloc,
    .aligned_alloc = libc_aligned_alloc,
    .free = libc_free,
    .free_sized = libc_free_sized,
    .usable_size = libc_usable_size,
    .release = libc_release,
    .version = zm_platform_version,
    .purge = zm_platform_purge,
    .good_size = libc_good_size,
};

static const struct zmalloc_backend *const core_backend = &libc_backend;

#include "core.h"

ZM_INSTANCE(libc);
