/* SPDX-License-Identifier: BSD-3-Clause */

/* How full jemalloc's slabs are; see jemalloc_slabs.h. The names are those of jemalloc 5.3's mallctl, the
 * utilization query among them, which needs no jemalloc that was modified for Redis. */

#include <errno.h>

#include "jemalloc_api.h"
#include "jemalloc_slabs.h"
#include "uninstrumented.h"

/* Pages of 64 KiB give 52. */
#define BINS_MAX 64

/*
 * Everything here is atomic, because several threads may write it at once. What does not change is read by each
 * thread that asks before it is known, and they all write the same. So no thread waits for another, which might be
 * gone after a fork.
 */
struct bin {
    /* These do not change. */
    size_t size;           /* of its blocks */
    size_t blocks_in_slab; /* used or not */

    /* When the figures were last refreshed. */
    size_t slabs;
    size_t slabs_with_room;
    size_t used;
};

static struct bin bins[BINS_MAX];
static size_t known_bins; /* 0: not read yet */

#define QUERY_LENGTH 3

/* Of a block's slab, and of the slab that the next block of its size comes from. */
static size_t block_query[QUERY_LENGTH];
static size_t current_query[QUERY_LENGTH];

static size_t kept(const size_t *figure)
{
    return __atomic_load_n(figure, __ATOMIC_RELAXED);
}

static void keep(size_t *figure, size_t value)
{
    __atomic_store_n(figure, value, __ATOMIC_RELAXED);
}

static size_t read_size(const struct mib *mib)
{
    size_t value = 0;

    read_mib(mib, &value, sizeof value);
    return value;
}

/* ---- What does not change ---- */

/* GCOVR_EXCL_BR_START: every jemalloc 5.3 has these names */

static bool learn_query(size_t *query, const char *name)
{
    struct mib mib;

    if (!find_mib(&mib, name) || mib.length != QUERY_LENGTH)
        return false; /* GCOVR_EXCL_LINE: as above */
    for (size_t i = 0; i < QUERY_LENGTH; i++)
        keep(&query[i], mib.numbers[i]);
    return true;
}

static bool learn_bin(struct mib *size, struct mib *blocks, size_t bin)
{
    size_t block_size;
    uint32_t blocks_in_slab;

    size->numbers[2] = bin;
    blocks->numbers[2] = bin;
    if (!read_mib(size, &block_size, sizeof block_size) ||
        !read_mib(blocks, &blocks_in_slab, sizeof blocks_in_slab))
        return false; /* GCOVR_EXCL_LINE: as above */
    keep(&bins[bin].size, block_size);
    keep(&bins[bin].blocks_in_slab, blocks_in_slab);
    return true;
}

/* Returns how many bins there are, or 0 if this jemalloc does not tell. */
static size_t learn(void)
{
    struct mib size;
    struct mib blocks;
    unsigned count = 0;
    size_t size_of_count = sizeof count;

    if (!learn_query(block_query, "experimental.utilization.batch_query") ||
        !learn_query(current_query, "experimental.utilization.query") ||
        !find_mib(&size, "arenas.bin.0.size") || !find_mib(&blocks, "arenas.bin.0.nregs") ||
        zm_je_mallctl("arenas.nbins", &count, &size_of_count, NULL, 0) != 0 || count > BINS_MAX)
        return 0; /* GCOVR_EXCL_LINE: as above */
    for (size_t bin = 0; bin < count; bin++)
        if (!learn_bin(&size, &blocks, bin))
            return 0; /* GCOVR_EXCL_LINE: as above */
    __atomic_store_n(&known_bins, count, __ATOMIC_RELEASE);
    return count;
}

/* GCOVR_EXCL_BR_STOP */

/* Not when jemalloc starts: few programs ask. */
static size_t bin_count(void)
{
    size_t count = __atomic_load_n(&known_bins, __ATOMIC_ACQUIRE);

    return count != 0 ? count : learn();
}

/* ---- What does ---- */

#define STATS_OF_BIN "stats.arenas." ALL_ARENAS ".bins.0."

static size_t read_size_of_bin(struct mib *mib, size_t bin)
{
    mib->numbers[4] = bin;
    return read_size(mib);
}

/* jemalloc adds up the figures of all arenas when its epoch changes. */
static bool refresh(size_t count)
{
    struct mib slabs;
    struct mib slabs_with_room;
    struct mib used;
    uint64_t next = 1;

    /* GCOVR_EXCL_BR_START: as above */
    if (!find_mib(&slabs, STATS_OF_BIN "curslabs") ||
        !find_mib(&slabs_with_room, STATS_OF_BIN "nonfull_slabs") ||
        !find_mib(&used, STATS_OF_BIN "curregs"))
        return false; /* GCOVR_EXCL_LINE: as above */
    /* GCOVR_EXCL_BR_STOP */
    zm_je_mallctl("epoch", NULL, NULL, &next, sizeof next);
    for (size_t bin = 0; bin < count; bin++) {
        keep(&bins[bin].slabs, read_size_of_bin(&slabs, bin));
        keep(&bins[bin].slabs_with_room, read_size_of_bin(&slabs_with_room, bin));
        keep(&bins[bin].used, read_size_of_bin(&used, bin));
    }
    return true;
}

/* What threads have in their caches counts as used. */
int zm_slabs_fragmentation(size_t *bytes)
{
    INSIDE_ALLOCATOR;
    size_t count = bin_count();
    size_t sum = 0;

    if (count == 0 || !refresh(count)) /* GCOVR_EXCL_BR_LINE: as above */
        return ENOTSUP;                /* GCOVR_EXCL_LINE: as above */
    for (size_t i = 0; i < count; i++) {
        size_t all = kept(&bins[i].slabs) * kept(&bins[i].blocks_in_slab);
        size_t used = kept(&bins[i].used);

        sum += used < all ? (all - used) * kept(&bins[i].size) : 0;
    }
    *bytes = sum;
    return 0;
}

/* ---- One block ---- */

/* What the query tells of the slab that a block is in; a large block is alone in its own. jemalloc follows its
 * tree without looking, so it has to be a block of its own. */
struct slab {
    size_t free;
    size_t blocks;
    size_t size; /* in bytes */
};

static bool ask(const size_t *kept_query, const void *ptr, void *answer, size_t size)
{
    size_t query[QUERY_LENGTH];

    for (size_t i = 0; i < QUERY_LENGTH; i++)
        query[i] = kept(&kept_query[i]);
    return zm_je_mallctlbymib(query, QUERY_LENGTH, answer, &size, (void *)&ptr, sizeof ptr) == 0;
}

static bool is_in_slab(const void *ptr, struct slab *slab)
{
    return ask(block_query, ptr, slab, sizeof *slab) && slab->blocks > 1;
}

/* A block would move within it, again and again. Takes the lock of the size's bin. */
static bool is_in_current_slab(const void *ptr)
{
    struct {
        uintptr_t current;
        struct slab slab;
        size_t free_in_bin;
        size_t blocks_in_bin;
    } answer;

    return ask(current_query, ptr, &answer, sizeof answer) && /* GCOVR_EXCL_BR_LINE: it answers */
           (uintptr_t)ptr - answer.current < answer.slab.size;
}

static const struct bin *bin_of(const struct slab *slab, size_t count)
{
    size_t size = slab->size / slab->blocks;

    for (size_t i = 0; i < count; i++) /* GCOVR_EXCL_BR_LINE: as below */
        if (kept(&bins[i].size) == size)
            return &bins[i];
    return NULL; /* GCOVR_EXCL_LINE: slabs are of bins */
}

/*
 * The blocks of emptier slabs move into fuller ones, among which jemalloc prefers those at low addresses. A
 * slab counts as emptier up to an eighth above the average of those that are not full, as in Valkey:
 * if all are as full as the average, some still have to be emptied into others.
 *
 * jemalloc does not count the slab that is being filled among those with room, so Valkey's rule takes it for full. If
 * slabs are few or large, the others then seem emptier on average than they are, and no block is worth moving.
 * Here it counts as one that is not full. Each arena has one; the others are taken for full as in Valkey.
 */
static bool is_emptier(const struct slab *slab, const struct bin *bin)
{
    size_t slabs = kept(&bin->slabs);
    size_t not_full = kept(&bin->slabs_with_room) + 1;
    size_t all_used = kept(&bin->used);
    size_t used = slab->blocks - slab->free;
    size_t in_full_ones;
    size_t in_others;

    /* GCOVR_EXCL_BR_START: another thread refreshes the figures just then */
    in_full_ones = not_full < slabs ? (slabs - not_full) * kept(&bin->blocks_in_slab) : 0;
    in_others = in_full_ones < all_used ? all_used - in_full_ones : 0;
    /* GCOVR_EXCL_BR_STOP */
    if (slab->free == 0 || slabs < 2 || not_full < 2)
        return false;
    return (uint64_t)8 * used * not_full <= (uint64_t)9 * in_others || 8 * used < slab->blocks;
}

int zm_slabs_worth_moving(const void *ptr)
{
    INSIDE_ALLOCATOR;
    size_t count = bin_count();
    struct slab slab = {.blocks = 0};
    const struct bin *bin;

    /* GCOVR_EXCL_BR_START: as above */
    if (count == 0)
        return -1; /* GCOVR_EXCL_LINE: as above */
    if (!is_in_slab(ptr, &slab))
        return 0;
    bin = bin_of(&slab, count);
    return bin != NULL && is_emptier(&slab, bin) && !is_in_current_slab(ptr);
    /* GCOVR_EXCL_BR_STOP */
}
