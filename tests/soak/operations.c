/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Operations of all kinds and sizes, as many as asked for, the same for the same seed. Each thread
 * has a table of blocks. After each round, the tables go to new threads, so blocks are resized and
 * freed by other threads than allocated them. Between rounds used memory is compared with the sum
 * over all blocks; at the end it is 0.
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "storm.h"

#define TABLES_MAX 16
#define SLOTS 2048
#define ROUND 100000 /* operations on one table */
/* One block in this many has all its bytes stamped and checked, the others only their ends. */
#define WHOLLY_STAMPED 64

struct block {
    unsigned char *ptr; /* NULL: an empty slot */
    size_t size;
    unsigned seed;
};

struct table {
    uint64_t random;
    struct block blocks[SLOTS];
};

static struct table tables[TABLES_MAX];
static uint64_t operations = 1000000000;
static uint64_t table_count = 4;
static uint64_t seed = 1;
static size_t round_number;

/* ---- What is not as it should be ---- */

#define soak_check(block, condition)                                                               \
    do {                                                                                           \
        if (!(condition))                                                                          \
            soak_fail(block, #condition);                                                          \
    } while (0)

static void __attribute__((noreturn, cold)) soak_fail(const struct block *block, const char *what)
{
    fprintf(stderr, "soak: seed %" PRIu64 ", %" PRIu64 " threads, round %zu", seed, table_count,
            round_number);
    if (block != NULL)
        fprintf(stderr, ", block %p of %zu bytes", (void *)block->ptr, block->size);
    fprintf(stderr, ": does not hold: %s\n", what);
    _exit(1);
}

/* ---- Contents ---- */

#define WORD sizeof(uint64_t)

static bool is_wholly_stamped(const struct block *block)
{
    return block->size < 2 * WORD || block->seed % WHOLLY_STAMPED == 0;
}

static void mark(const struct block *block)
{
    uint64_t word = block->seed * UINT64_C(0x9e3779b97f4a7c15);

    if (is_wholly_stamped(block)) {
        stamp(block->ptr, block->size, block->seed);
        return;
    }
    memcpy(block->ptr, &word, WORD);
    memcpy(block->ptr + block->size - WORD, &word, WORD);
}

/* The mark of a block, as far as the first bytes that were kept contain it. */
static bool has_mark(const struct block *block, const unsigned char *ptr, size_t kept)
{
    uint64_t word = block->seed * UINT64_C(0x9e3779b97f4a7c15);

    if (is_wholly_stamped(block))
        return has_stamp(ptr, kept < block->size ? kept : block->size, block->seed);
    return (kept < WORD || memcmp(ptr, &word, WORD) == 0) &&
           (kept < block->size || memcmp(ptr + block->size - WORD, &word, WORD) == 0);
}

static bool is_zeroed(const struct block *block)
{
    static const uint64_t zero;

    if (is_wholly_stamped(block))
        return is_all(block->ptr, block->size, 0);
    return memcmp(block->ptr, &zero, WORD) == 0 &&
           memcmp(block->ptr + block->size - WORD, &zero, WORD) == 0;
}

/* ---- Operations ---- */

/* Mostly small, some of several pages, few of a megabyte; sometimes 0. */
static size_t pick_size(uint64_t number)
{
    unsigned part = (unsigned)(number & 4095);

    number >>= 12;
    if (part < 3300)
        return (size_t)(number % 256);
    if (part < 3950)
        return (size_t)(number % 4096);
    if (part < 4080)
        return (size_t)(number % (32 << 10));
    return (size_t)(number % (part < 4095 ? 256 << 10 : 2 << 20));
}

/* Picks a function that returns a block; if resizes is set, one that resizes. */
static const struct allocating_function *pick_function(uint64_t number, bool resizes)
{
    size_t at = (size_t)(number % allocating_function_count);

    while (resizes && !allocating_functions[at].takes_block)
        at = (at + 1) % allocating_function_count;
    return &allocating_functions[at];
}

/* Replaces the block by ptr, which has that size now. */
static void take(struct block *block, unsigned char *ptr, size_t size, unsigned number)
{
    block->ptr = ptr;
    block->size = size;
    block->seed = number;
    mark(block);
}

static void allocate(struct block *block, uint64_t number)
{
    size_t size = pick_size(number >> 16);
    const struct allocating_function *function = pick_function(number >> 8, false);
    size_t usable = 0;

    block->size = size;
    block->ptr = function->call(NULL, size, &usable);
    soak_check(block, block->ptr != NULL);
    soak_check(block, is_aligned(block->ptr, alignment_for(size)));
    soak_check(block, !function->tells_usable || usable == zmalloc_usable_size(block->ptr));
    block->seed = (unsigned)(number >> 32);
    soak_check(block, !function->zeroes || is_zeroed(block));
    take(block, block->ptr, size, block->seed);
}

static void resize(struct block *block, uint64_t number)
{
    size_t size = pick_size(number >> 16);
    size_t kept = size < block->size ? size : block->size;
    unsigned char *moved;

    soak_check(block, has_mark(block, block->ptr, block->size));
    moved = pick_function(number >> 8, true)->call(block->ptr, size, &(size_t){0});
    if (size == 0) {
        soak_check(block, moved == NULL);
        block->ptr = NULL;
        return;
    }
    soak_check(block, moved != NULL && has_mark(block, moved, kept));
    take(block, moved, size, (unsigned)(number >> 32));
}

static void release(struct block *block, uint64_t number)
{
    size_t usable = 0;

    soak_check(block, has_mark(block, block->ptr, block->size));
    switch (number >> 8 & 3) {
    case 0:
        zfree(block->ptr);
        break;
    case 1:
        zfree_with_size(block->ptr, block->size);
        break;
    case 2:
        zfree_with_size(block->ptr, zmalloc_usable_size(block->ptr));
        break;
    default:
        zfree_usable(block->ptr, &usable);
        soak_check(block, usable >= block->size);
    }
    block->ptr = NULL;
}

static void operate(struct table *table)
{
    uint64_t number = next_random(&table->random);
    struct block *block = &table->blocks[next_random(&table->random) % SLOTS];

    if (block->ptr == NULL)
        allocate(block, number);
    else if (number % 4 == 0)
        resize(block, number);
    else
        release(block, number);
}

/* ---- Rounds ---- */

static void *work_on_table(void *argument)
{
    struct table *table = argument;

    for (size_t i = 0; i < ROUND; i++)
        operate(table);
    return NULL;
}

static void run_round(void)
{
    pthread_t threads[TABLES_MAX];

    for (size_t i = 0; i < table_count; i++)
        soak_check(NULL, pthread_create(&threads[i], NULL, work_on_table, &tables[i]) == 0);
    for (size_t i = 0; i < table_count; i++)
        soak_check(NULL, pthread_join(threads[i], NULL) == 0);
}

static size_t size_of_all(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < table_count; i++)
        for (size_t j = 0; j < SLOTS; j++)
            sum += zmalloc_size(tables[i].blocks[j].ptr);
    return sum;
}

static void free_all(void)
{
    for (size_t i = 0; i < table_count; i++)
        for (size_t j = 0; j < SLOTS; j++)
            if (tables[i].blocks[j].ptr != NULL)
                release(&tables[i].blocks[j], j << 8);
}

int main(int count, char **arguments)
{
    const struct setting settings[] = {
        {"operations", &operations, 1, SIZE_MAX / 2},
        {"threads", &table_count, 1, TABLES_MAX},
        {"seed", &seed, 0, UINT64_MAX},
    };
    double started = seconds_now();
    uint64_t done = 0;

    (void)count;
    take_settings(arguments, settings, LENGTH(settings));
    for (size_t i = 0; i < table_count; i++)
        tables[i].random = seed ^ (uint64_t)i << 56;
    for (; done < operations; done += table_count * ROUND) {
        run_round();
        round_number++;
        soak_check(NULL, zmalloc_used_memory() == size_of_all());
    }
    free_all();
    soak_check(NULL, zmalloc_used_memory() == 0);
    tell_figures(
        "%" PRIu64 " operations in %" PRIu64 " threads, %.1f million/s, %zu MiB resident at"
        " most, seed %" PRIu64,
        done, table_count, (double)done / (seconds_now() - started) / 1e6, peak_resident(), seed);
    return 0;
}
