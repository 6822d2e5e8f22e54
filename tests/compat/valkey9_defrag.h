/* SPDX-License-Identifier: BSD-3-Clause */

/* What Valkey's allocator_defrag.c does, in the same order and with the same assertions, and blocks that it
 * would move. */

#if !defined(USE_JEMALLOC) || !defined(VALKEY_VENDORED_JEMALLOC) || !defined(JEMALLOC_VERSION_MAJOR)
#error "Valkey asks for these macros before it includes zmalloc.h"
#endif

struct control {
    size_t numbers[6];
    size_t length;
};

static struct control find_control(const char *name)
{
    struct control control = {{0}, 6};

    CHECK(je_mallctlnametomib(name, control.numbers, &control.length) == 0);
    return control;
}

static size_t read_control(const struct control *control)
{
    size_t value = 0;
    size_t size = sizeof value;

    CHECK(je_mallctlbymib(control->numbers, control->length, &value, &size, NULL, 0) == 0);
    return value;
}

/* Its bins by size: a formula, if the quantum is 8. */
static unsigned bin_of_size(size_t size)
{
    unsigned exponent = 0;

    if (size <= 64)
        return (unsigned)(size / 8 - 1);
    while (((size_t)1 << exponent) < size)
        exponent++;
    return 7 + (exponent - 7) * 4 + 4 -
           (unsigned)((((size_t)1 << exponent) - size) >> (exponent - 3));
}

#define BINS 64
static struct {
    size_t size;
    uint32_t blocks;
    struct control slabs;
    struct control slabs_with_room;
    struct control used;
} bins[BINS];
static unsigned bin_count;

static struct control control_of_bin(unsigned bin, const char *what)
{
    char name[100];

    snprintf(name, sizeof name, "stats.arenas.%s.bins.%u.%s", ZMALLOC_QUOTE(MALLCTL_ARENAS_ALL),
             bin, what);
    return find_control(name);
}

static void read_bins(void)
{
    size_t quantum = 0;
    size_t size = sizeof quantum;
    char name[100];

    CHECK(je_mallctl("arenas.quantum", &quantum, &size, NULL, 0) == 0 && quantum == 8);
    size = sizeof bin_count;
    CHECK(je_mallctl("arenas.nbins", &bin_count, &size, NULL, 0) == 0);
    CHECK(bin_count > 0 && bin_count <= BINS);
    for (unsigned i = 0; i < bin_count; i++) {
        snprintf(name, sizeof name, "arenas.bin.%u.size", i);
        size = sizeof bins[i].size;
        CHECK(je_mallctl(name, &bins[i].size, &size, NULL, 0) == 0);
        snprintf(name, sizeof name, "arenas.bin.%u.nregs", i);
        size = sizeof bins[i].blocks;
        CHECK(je_mallctl(name, &bins[i].blocks, &size, NULL, 0) == 0);
        CHECK(bin_of_size(bins[i].size) == i && bins[i].blocks > 0);
        bins[i].slabs = control_of_bin(i, "curslabs");
        bins[i].slabs_with_room = control_of_bin(i, "nonfull_slabs");
        bins[i].used = control_of_bin(i, "curregs");
    }
}

static size_t fragmentation(void)
{
    struct control epoch = find_control("epoch");
    uint64_t value = 1;
    size_t size = sizeof value;
    size_t sum = 0;

    CHECK(je_mallctlbymib(epoch.numbers, epoch.length, &value, &size, &value, size) == 0);
    for (unsigned i = 0; i < bin_count; i++)
        sum += (bins[i].blocks * read_control(&bins[i].slabs) - read_control(&bins[i].used)) *
               bins[i].size;
    return sum;
}

static int is_emptier(void *block)
{
    struct control query = find_control("experimental.utilization.batch_query");
    size_t slab[3] = {(size_t)-1, (size_t)-1, (size_t)-1};
    size_t size = sizeof slab;
    unsigned bin;

    CHECK(je_mallctlbymib(query.numbers, query.length, slab, &size, &block, sizeof block) == 0);
    CHECK(slab[0] != (size_t)-1 && slab[1] > 0 && slab[2] > 0);
    if (slab[2] / slab[1] > bins[bin_count - 1].size)
        return 0;
    bin = bin_of_size(slab[2] / slab[1]);
    CHECK(bin < bin_count && bins[bin].size == slab[2] / slab[1]);
    return slab[0] > 0 && read_control(&bins[bin].slabs_with_room) >= 2;
}

static void *move_block(void *block)
{
    size_t size = zmalloc_size(block);
    void *moved = je_mallocx(size, MALLOCX_TCACHE_NONE);

    memcpy(moved, block, size);
    je_sdallocx(block, size, MALLOCX_TCACHE_NONE);
    return moved;
}

static void check_moving(void)
{
    size_t used = zmalloc_used_memory();
    void *array = je_calloc(10, 10);
    size_t before;
    int moved = 0;

    make_holes();
    before = fragmentation();
    for (int pass = 0; pass < 8; pass++, fragmentation())
        for (size_t i = 0; i < HOLDERS; i += KEPT_OF)
            if (is_emptier(holders[i])) {
                holders[i] = (char *)move_block(holders[i]);
                moved++;
            }
    CHECK(is_active("jemalloc") ? moved > 0 && before > 100000 : moved == 0 && before == 0);
    CHECK(!is_active("jemalloc") || fragmentation() < before / 2);
    CHECK(!is_emptier(holders));
    check_and_free_holders();
    zfree(array);
    CHECK(zmalloc_used_memory() == used);
}

static void check_refused_names(void)
{
    size_t numbers[6] = {0};
    size_t length = 0;
    size_t value;
    size_t size = 1;

    CHECK(je_mallctlnametomib("epoch", numbers, &length) == EINVAL);
    length = 6;
    CHECK(je_mallctlnametomib("no.such.name", numbers, &length) == ENOENT);
    CHECK(je_mallctlnametomib("stats.arenas.4096.bins.64.curregs", numbers, &length) == ENOENT);
    CHECK(je_mallctlnametomib("stats.arenas.4096.bins.0.curregsx", numbers, &length) == ENOENT);
    CHECK(je_mallctl("arenas.quantum", &value, &size, NULL, 0) == EINVAL);
    CHECK(je_mallctl("arenas.quantum", NULL, &size, NULL, 0) == EINVAL);
    CHECK(je_mallctl("arenas.quantum", &value, NULL, NULL, 0) == EINVAL);
    CHECK(je_mallctl("arenas.quantum", NULL, NULL, &value, sizeof value) == EPERM);
    CHECK(je_mallctl("arenas.nbins", NULL, NULL, &value, sizeof value) == EPERM);
    CHECK(je_mallctl("arenas.bin.0.size", NULL, NULL, &value, sizeof value) == EPERM);
    CHECK(je_mallctl("arenas.bin.64.size", &value, &size, NULL, 0) == ENOENT);
    CHECK(je_mallctl("arenas.bin.x.size", &value, &size, NULL, 0) != 0);
    CHECK(je_mallctl("arenas.bin./.size", &value, &size, NULL, 0) != 0);
    CHECK(je_mallctl("arenas.bin.0x.size", &value, &size, NULL, 0) != 0);
    CHECK(je_mallctl("arenas.bin.0.other", NULL, NULL, NULL, 0) == ENOENT);
}

static void check_refused_numbers(void)
{
    struct control query = find_control("experimental.utilization.batch_query");
    struct control used = find_control("stats.arenas.4096.bins.0.curregs");
    struct control other = used;
    size_t slab[3];
    size_t size = sizeof slab;
    size_t small = 1;
    void *block = NULL;

    CHECK(je_mallctlbymib(query.numbers, query.length, slab, &small, &block, sizeof block) ==
          EINVAL);
    CHECK(je_mallctlbymib(query.numbers, query.length, NULL, &size, &block, sizeof block) ==
          EINVAL);
    CHECK(je_mallctlbymib(query.numbers, query.length, slab, NULL, &block, sizeof block) == EINVAL);
    CHECK(je_mallctlbymib(query.numbers, query.length, slab, &size, &block, 1) == EINVAL);
    CHECK(je_mallctlbymib(query.numbers, query.length, slab, &size, NULL, 0) == EINVAL);
    CHECK(je_mallctlbymib(query.numbers, 2, slab, &size, &block, sizeof block) == ENOENT);
    CHECK(je_mallctlbymib(query.numbers, 3, slab, &size, NULL, 0) == ENOENT);
    CHECK(je_mallctlbymib(used.numbers, 1, slab, &size, NULL, 0) == ENOENT);
    other.numbers[1] = 3;
    CHECK(je_mallctlbymib(other.numbers, 3, slab, &size, NULL, 0) == ENOENT);
    other = used;
    other.numbers[2] = bin_count;
    CHECK(je_mallctlbymib(other.numbers, 3, slab, &size, NULL, 0) == ENOENT);
}

/* For ZMALLOC_SAMPLE=1,guard: guarded blocks are not jemalloc's, and the others have pages of their own. */
static int check_guarded(void)
{
    char *some[100];

    read_bins();
    fragmentation();
    for (size_t i = 0; i < 100; i++)
        some[i] = zstrdup("some text");
    for (size_t i = 0; i < 100; i++) {
        CHECK(!is_emptier(some[i]));
        je_sdallocx(some[i], zmalloc_size(some[i]), MALLOCX_TCACHE_NONE);
    }
    CHECK(zmalloc_used_memory() == 0);
    return 0;
}

static void check_defragmentation(void)
{
    listen_to(read_bins);
    check_what_was_said();
    check_moving();
    check_refused_names();
    check_refused_numbers();
}
