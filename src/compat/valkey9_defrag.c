/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * libzmalloc-valkey9.a: what Valkey's active defragmentation asks jemalloc; see
 * zmalloc/compat/valkey9/jemalloc/jemalloc.h.
 *
 * Valkey finds the number of a bin from the size of its blocks and insists on the numbers of its own jemalloc. So
 * its bins are numbered here, and each knows which bin of the active jemalloc has blocks of that size, if any.
 */

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "can_move.h"
#include "jemalloc/jemalloc.h"

#undef je_mallctl

/* Up to blocks of 14336 bytes, jemalloc's largest in a slab with pages of 4 KiB; and of 64 KiB. */
#define USUAL_BINS 39
#define BINS_MAX 64

#define NO_BIN UINT_MAX

static unsigned bin_count = USUAL_BINS;
static unsigned jemalloc_bins[BINS_MAX]; /* NO_BIN: it does not have this one */
static bool can_move;

/* ---- Bins ---- */

/* Multiples of 8 up to 64, then four between powers of two. */
static size_t size_of_bin(unsigned bin)
{
    size_t power;

    if (bin < 8)
        return 8 * ((size_t)bin + 1);
    power = (size_t)64 << (bin - 8) / 4;
    return power + ((bin - 8) % 4 + 1) * (power / 4);
}

static bool read_control(const char *name, void *value, size_t size)
{
    return je_mallctl(name, value, &size, NULL, 0) == 0;
}

static size_t size_of_jemalloc_bin(unsigned bin)
{
    char name[32];
    size_t size = 0;

    snprintf(name, sizeof name, "arenas.bin.%u.size", bin);
    read_control(name, &size, sizeof size);
    return size;
}

/* Both lists of sizes ascend. False if jemalloc has a size that Valkey does not have. */
static bool match_bins(unsigned count)
{
    unsigned bin = 0;

    for (unsigned theirs = 0; theirs < count; theirs++, bin++) {
        size_t size = size_of_jemalloc_bin(theirs);

        /* GCOVR_EXCL_BR_START: no jemalloc 5.3 has one */
        while (bin < BINS_MAX && size_of_bin(bin) < size)
            bin++;
        if (bin == BINS_MAX || size_of_bin(bin) != size)
            return false; /* GCOVR_EXCL_LINE: as above */
        /* GCOVR_EXCL_BR_STOP */
        jemalloc_bins[bin] = theirs;
    }
    bin_count = bin;
    return true;
}

static void learn(void)
{
    static bool is_learned;
    unsigned count = 0;

    if (is_learned)
        return;
    is_learned = true;
    for (unsigned bin = 0; bin < BINS_MAX; bin++)
        jemalloc_bins[bin] = NO_BIN;
    can_move = can_move_blocks() && read_control("arenas.nbins", &count, sizeof count) &&
               match_bins(count);
}

/* ---- Controls by name ---- */

static int give(const void *value, size_t size, void *oldp, size_t *oldlenp)
{
    if (oldp == NULL || oldlenp == NULL || *oldlenp != size)
        return EINVAL;
    memcpy(oldp, value, size);
    return 0;
}

/* What comes after "PREFIX N.", and the number of the bin; NULL if the name has another form. */
static const char *after_bin(const char *name, const char *prefix, unsigned *bin)
{
    size_t length = strlen(prefix);
    unsigned long number;
    char *end;

    if (strncmp(name, prefix, length) != 0 || name[length] < '0' || name[length] > '9')
        return NULL;
    number = strtoul(name + length, &end, 10);
    *bin = number < BINS_MAX ? (unsigned)number : BINS_MAX;
    return *end == '.' ? end + 1 : NULL;
}

static int give_size(unsigned bin, void *oldp, size_t *oldlenp)
{
    size_t size = size_of_bin(bin);

    return give(&size, sizeof size, oldp, oldlenp);
}

static int give_blocks_in_slab(unsigned bin, void *oldp, size_t *oldlenp)
{
    uint32_t blocks = 1;
    char name[32];

    if (can_move && jemalloc_bins[bin] != NO_BIN) {
        snprintf(name, sizeof name, "arenas.bin.%u.nregs", jemalloc_bins[bin]);
        read_control(name, &blocks, sizeof blocks);
    }
    return give(&blocks, sizeof blocks, oldp, oldlenp);
}

int zmalloc_valkey9_mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp,
                            size_t newlen)
{
    const size_t quantum = 8;
    const char *of_bin;
    unsigned bin;

    if (strcmp(name, "arenas.quantum") == 0)
        return newp != NULL ? EPERM : give(&quantum, sizeof quantum, oldp, oldlenp);
    if (strcmp(name, "arenas.nbins") == 0) {
        learn();
        return newp != NULL ? EPERM : give(&bin_count, sizeof bin_count, oldp, oldlenp);
    }
    of_bin = after_bin(name, "arenas.bin.", &bin);
    if (of_bin == NULL || (strcmp(of_bin, "size") != 0 && strcmp(of_bin, "nregs") != 0))
        return je_mallctl(name, oldp, oldlenp, newp, newlen);
    learn();
    if (bin >= bin_count)
        return ENOENT;
    if (newp != NULL)
        return EPERM;
    return *of_bin == 's' ? give_size(bin, oldp, oldlenp) : give_blocks_in_slab(bin, oldp, oldlenp);
}

/* ---- Controls by number ---- */

enum { EPOCH, BLOCK_QUERY, BIN_FIGURE };

enum { USED, SLABS, NOT_FULL, BIN_FIGURES };

static const char *const bin_figures[] = {"curregs", "curslabs", "nonfull_slabs"};

static int give_mib(size_t kind, size_t field, size_t bin, size_t *mibp, size_t *miblenp)
{
    const size_t mib[] = {kind, field, bin};
    size_t length = kind == BIN_FIGURE ? 3 : 1;

    if (*miblenp < length)
        return EINVAL;
    memcpy(mibp, mib, length * sizeof *mib);
    *miblenp = length;
    return 0;
}

int zmalloc_valkey9_mallctlnametomib(const char *name, size_t *mibp, size_t *miblenp)
{
    const char *field;
    unsigned bin;

    learn();
    if (strcmp(name, "epoch") == 0)
        return give_mib(EPOCH, 0, 0, mibp, miblenp);
    if (strcmp(name, "experimental.utilization.batch_query") == 0)
        return give_mib(BLOCK_QUERY, 0, 0, mibp, miblenp);
    field = after_bin(name, "stats.arenas.4096.bins.", &bin);
    if (field == NULL || bin >= bin_count)
        return ENOENT;
    for (size_t i = 0; i < BIN_FIGURES; i++)
        if (strcmp(field, bin_figures[i]) == 0)
            return give_mib(BIN_FIGURE, i, bin, mibp, miblenp);
    return ENOENT;
}

/* jemalloc may only be asked about blocks of its own, and guarded ones are not; so our own function comes first. */
static bool query_slab(const void *block, size_t slab[3])
{
    size_t size = 3 * sizeof *slab;

    return can_move && zmalloc_worth_moving(block) == 1 &&
           je_mallctl("experimental.utilization.batch_query", slab, &size, (void *)&block,
                      sizeof block) == 0;
}

/* Of a block that should not move Valkey learns that it is alone in a slab, larger than all that are moved. */
static int query_block(void *oldp, size_t *oldlenp, const void *newp, size_t newlen)
{
    const size_t alone[] = {0, 1, size_of_bin(bin_count)};
    size_t slab[3];
    const void *block;

    if (newp == NULL || newlen != sizeof block)
        return EINVAL;
    memcpy(&block, newp, sizeof block);
    return give(query_slab(block, slab) ? slab : alone, sizeof alone, oldp, oldlenp);
}

static size_t read_figure(size_t field, size_t bin)
{
    char name[64];
    size_t value = 0;

    snprintf(name, sizeof name, "stats.arenas.4096.bins.%u.%s", jemalloc_bins[bin],
             bin_figures[field]);
    read_control(name, &value, sizeof value);
    return value;
}

/* Valkey has its own rule besides that of zmalloc_worth_moving(), so the two have to agree on how many slabs are not
 * full: also the one that is being filled. */
static int read_bin(size_t field, size_t bin, void *oldp, size_t *oldlenp)
{
    size_t value = 0;

    if (can_move && jemalloc_bins[bin] != NO_BIN) {
        value = read_figure(field, bin);
        if (field == NOT_FULL && value < read_figure(SLABS, bin))
            value++;
    }
    return give(&value, sizeof value, oldp, oldlenp);
}

int zmalloc_valkey9_mallctlbymib(const size_t *mib, size_t miblen, void *oldp, size_t *oldlenp,
                                 void *newp, size_t newlen)
{
    /* Also what zmalloc_worth_moving() compares with. */
    if (miblen == 1 && mib[0] == EPOCH) {
        zmalloc_get_fragmentation(NULL);
        return 0;
    }
    if (miblen == 1 && mib[0] == BLOCK_QUERY)
        return query_block(oldp, oldlenp, newp, newlen);
    if (miblen == 3 && mib[0] == BIN_FIGURE && mib[1] < BIN_FIGURES && mib[2] < bin_count)
        return read_bin(mib[1], mib[2], oldp, oldlenp);
    return ENOENT;
}

/* ---- Blocks ---- */

void *zmalloc_valkey9_mallocx(size_t size, int flags)
{
    (void)flags;
    return zmalloc_no_tcache(size);
}

void zmalloc_valkey9_sdallocx(void *ptr, size_t size, int flags)
{
    (void)size;
    (void)flags;
    zfree_no_tcache(ptr);
}

void *zmalloc_valkey9_calloc(size_t num, size_t size)
{
    return zcalloc_num(num, size);
}
