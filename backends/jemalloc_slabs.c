/* SPDX-License-Identifier: BSD-3-Clause */

/* How full jemalloc's slabs are; see jemalloc_slabs.h. The names are those of jemalloc 5.3's mallctl, the
 * utilization query among them, which needs no jemalloc that was modified for Redis. */

#include <errno.h>

#include "jemalloc_api.h"
#include "jemalloc_slabs.h"
#include "uninstrumented.h"

/* A name of mallctl as numbers; `bin` is where the number of the bin belongs, or 0. */
struct mib {
    size_t numbers[6];
    size_t length;
    size_t bin;
};

static bool find(struct mib *mib, const char *name, size_t bin)
{
    mib->length = sizeof mib->numbers / sizeof *mib->numbers;
    mib->bin = bin;
    return zm_je_mallctlnametomib(name, mib->numbers, &mib->length) == 0;
}

static bool read_bin(const struct mib *mib, size_t bin, void *value, size_t size)
{
    struct mib of_bin = *mib;

    of_bin.numbers[mib->bin] = bin;
    return zm_je_mallctlbymib(of_bin.numbers, of_bin.length, value, &size, NULL, 0) == 0;
}

/* ---- What does not change ---- */

/* Pages of 64 KiB give 52. */
#define BINS_MAX 64

struct bin {
    size_t size;           /* of its blocks */
    size_t blocks_in_slab; /* used or not */

    /* When the figures were last refreshed. Other threads read them meanwhile. */
    size_t slabs;
    size_t slabs_with_room;
    size_t used;
};

static struct bin bins[BINS_MAX];
static size_t bin_count; /* 0: this jemalloc does not tell */

static struct mib epoch;
static struct mib block_query;
static struct mib slabs_of_bin;
static struct mib slabs_with_room_of_bin;
static struct mib used_of_bin;

#define STATS_OF_BIN "stats.arenas." ALL_ARENAS ".bins.0."

static bool find_names(void)
{
    /* GCOVR_EXCL_BR_START: every jemalloc 5.3 has them */
    return find(&epoch, "epoch", 0) &&
           find(&block_query, "experimental.utilization.batch_query", 0) &&
           find(&slabs_of_bin, STATS_OF_BIN "curslabs", 4) &&
           find(&slabs_with_room_of_bin, STATS_OF_BIN "nonfull_slabs", 4) &&
           find(&used_of_bin, STATS_OF_BIN "curregs", 4);
    /* GCOVR_EXCL_BR_STOP */
}

static bool learn_bin(const struct mib *size, const struct mib *blocks, size_t bin)
{
    uint32_t blocks_in_slab;

    /* GCOVR_EXCL_BR_START: as there */
    if (!read_bin(size, bin, &bins[bin].size, sizeof bins[bin].size) ||
        !read_bin(blocks, bin, &blocks_in_slab, sizeof blocks_in_slab))
        return false; /* GCOVR_EXCL_LINE: as there */
    /* GCOVR_EXCL_BR_STOP */
    bins[bin].blocks_in_slab = blocks_in_slab;
    return true;
}

void zm_slabs_learn(void)
{
    INSIDE_ALLOCATOR;
    struct mib size;
    struct mib blocks;
    unsigned count = 0;
    size_t size_of_count = sizeof count;

    /* GCOVR_EXCL_BR_START: as there */
    if (!find_names() || !find(&size, "arenas.bin.0.size", 2) ||
        !find(&blocks, "arenas.bin.0.nregs", 2) ||
        zm_je_mallctl("arenas.nbins", &count, &size_of_count, NULL, 0) != 0 || count > BINS_MAX)
        return; /* GCOVR_EXCL_LINE: as above */
    for (size_t bin = 0; bin < count; bin++)
        if (!learn_bin(&size, &blocks, bin))
            return; /* GCOVR_EXCL_LINE: as above */
    /* GCOVR_EXCL_BR_STOP */
    bin_count = count;
}

/* ---- What does ---- */

static size_t read_size(const struct mib *mib, size_t bin)
{
    size_t value = 0;

    read_bin(mib, bin, &value, sizeof value);
    return value;
}

static size_t kept(const size_t *figure)
{
    return __atomic_load_n(figure, __ATOMIC_RELAXED);
}

static void keep(size_t *figure, size_t value)
{
    __atomic_store_n(figure, value, __ATOMIC_RELAXED);
}

/* jemalloc adds up the figures of all arenas when its epoch changes. */
static void refresh(void)
{
    uint64_t next = 1;

    zm_je_mallctlbymib(epoch.numbers, epoch.length, NULL, NULL, &next, sizeof next);
    for (size_t i = 0; i < bin_count; i++) {
        keep(&bins[i].slabs, read_size(&slabs_of_bin, i));
        keep(&bins[i].slabs_with_room, read_size(&slabs_with_room_of_bin, i));
        keep(&bins[i].used, read_size(&used_of_bin, i));
    }
}

/* What threads have in their caches counts as used. */
int zm_slabs_fragmentation(size_t *bytes)
{
    INSIDE_ALLOCATOR;
    size_t sum = 0;

    if (bin_count == 0) /* GCOVR_EXCL_BR_LINE: as above */
        return ENOTSUP; /* GCOVR_EXCL_LINE: as above */
    refresh();
    for (size_t i = 0; i < bin_count; i++) {
        size_t all = kept(&bins[i].slabs) * bins[i].blocks_in_slab;
        size_t used = kept(&bins[i].used);

        sum += used < all ? (all - used) * bins[i].size : 0;
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

static bool is_in_slab(const void *ptr, struct slab *slab)
{
    size_t size = sizeof *slab;

    return zm_je_mallctlbymib(block_query.numbers, block_query.length, slab, &size, (void *)&ptr,
                              sizeof ptr) == 0 &&
           slab->blocks > 1;
}

static const struct bin *bin_of(const struct slab *slab)
{
    size_t size = slab->size / slab->blocks;

    for (size_t i = 0; i < bin_count; i++) /* GCOVR_EXCL_BR_LINE: as below */
        if (bins[i].size == size)
            return &bins[i];
    return NULL; /* GCOVR_EXCL_LINE: slabs are of bins */
}

/*
 * The blocks of emptier slabs move into fuller ones, among which jemalloc prefers those at low addresses. A
 * slab counts as emptier up to an eighth above the average of those that have room, as in Valkey:
 * if all are as full as the average, some still have to be emptied into others.
 */
static bool is_emptier(const struct slab *slab, const struct bin *bin)
{
    size_t slabs = kept(&bin->slabs);
    size_t with_room = kept(&bin->slabs_with_room);
    size_t all_used = kept(&bin->used);
    size_t used = slab->blocks - slab->free;
    size_t in_full_ones;
    size_t in_others;

    /* GCOVR_EXCL_BR_START: another thread refreshes the figures just then */
    in_full_ones = with_room < slabs ? (slabs - with_room) * bin->blocks_in_slab : 0;
    in_others = in_full_ones < all_used ? all_used - in_full_ones : 0;
    /* GCOVR_EXCL_BR_STOP */
    if (slab->free == 0 || with_room < 2)
        return false;
    return (uint64_t)8 * used * with_room <= (uint64_t)9 * in_others || 8 * used < slab->blocks;
}

int zm_slabs_worth_moving(const void *ptr)
{
    INSIDE_ALLOCATOR;
    struct slab slab = {.blocks = 0};
    const struct bin *bin;

    /* GCOVR_EXCL_BR_START: as above */
    if (bin_count == 0)
        return -1; /* GCOVR_EXCL_LINE: as above */
    if (!is_in_slab(ptr, &slab))
        return 0;
    bin = bin_of(&slab);
    return bin != NULL && is_emptier(&slab, bin);
    /* GCOVR_EXCL_BR_STOP */
}
