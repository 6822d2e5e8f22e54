/* SPDX-License-Identifier: BSD-3-Clause */

/* Accounting over threads: blocks that change hands, many threads at once, many in a row. Each case
 * runs in a child, where the watchdog ends what hangs. */

#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Prints figures, for scripts/soak.sh. */
static void in_child(void (*body)(void *argument))
{
    struct outcome outcome = run_child(body, NULL);

    assert_exited_with(&outcome, 0);
    print_message("%s", outcome.out);
}

static void must_run_threads(size_t count, void *(*body)(void *argument), void *argument)
{
    pthread_t *threads = calloc(count, sizeof *threads);

    child_check(threads != NULL);
    for (size_t i = 0; i < count; i++)
        child_check(pthread_create(&threads[i], NULL, body, argument) == 0);
    for (size_t i = 0; i < count; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    free(threads);
}

/* ---- Producers and consumers ---- */

#define BATCH 100
#define QUEUE_LENGTH 16
#define PRODUCERS 2

struct parcel {
    char *block;
    size_t size;
    unsigned seed;
};

static struct parcel queue[QUEUE_LENGTH][BATCH];
static size_t queue_first;
static size_t queue_used;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_changed = PTHREAD_COND_INITIALIZER;

static void queue_put(const struct parcel batch[BATCH])
{
    pthread_mutex_lock(&queue_lock);
    while (queue_used == QUEUE_LENGTH)
        pthread_cond_wait(&queue_changed, &queue_lock);
    for (size_t i = 0; i < BATCH; i++)
        queue[(queue_first + queue_used) % QUEUE_LENGTH][i] = batch[i];
    queue_used++;
    pthread_cond_broadcast(&queue_changed);
    pthread_mutex_unlock(&queue_lock);
}

static void queue_take(struct parcel batch[BATCH])
{
    pthread_mutex_lock(&queue_lock);
    while (queue_used == 0)
        pthread_cond_wait(&queue_changed, &queue_lock);
    for (size_t i = 0; i < BATCH; i++)
        batch[i] = queue[queue_first][i];
    queue_first = (queue_first + 1) % QUEUE_LENGTH;
    queue_used--;
    pthread_cond_broadcast(&queue_changed);
    pthread_mutex_unlock(&queue_lock);
}

static size_t batches_per_thread(void)
{
    return scaled(1000);
}

static void *produce(void *argument)
{
    uint64_t random = 23;
    struct parcel batch[BATCH];

    (void)argument;
    for (size_t i = 0; i < batches_per_thread(); i++) {
        for (size_t j = 0; j < BATCH; j++) {
            size_t size = 1 + (size_t)(next_random(&random) % 400);

            batch[j] = (struct parcel){zmalloc(size), size, (unsigned)j};
            stamp(batch[j].block, size, (unsigned)j);
        }
        queue_put(batch);
    }
    return NULL;
}

/* Every other block grows before it goes. */
static void *consume(void *argument)
{
    struct parcel batch[BATCH];

    (void)argument;
    for (size_t i = 0; i < batches_per_thread(); i++) {
        queue_take(batch);
        for (size_t j = 0; j < BATCH; j++) {
            child_check(has_stamp(batch[j].block, batch[j].size, batch[j].seed));
            if (j % 2 != 0)
                batch[j].block = zrealloc(batch[j].block, 2 * batch[j].size);
            child_check(has_stamp(batch[j].block, batch[j].size, batch[j].seed));
            zfree(batch[j].block);
        }
    }
    return NULL;
}

static void *produce_or_consume(void *argument)
{
    atomic_size_t *next = argument;

    return atomic_fetch_add(next, 1) % 2 == 0 ? produce(NULL) : consume(NULL);
}

static void produce_and_consume(void *argument)
{
    atomic_size_t next = 0;

    (void)argument;
    must_run_threads((size_t)2 * PRODUCERS, produce_or_consume, &next);
    child_check(zmalloc_used_memory() == 0);
}

static void blocks_may_be_freed_by_other_threads(void **state)
{
    (void)state;
    in_child(produce_and_consume);
}

/* ---- Many at once ---- */

#define CROWD_MAX 1000
#define CROWD_MIN                                                                                  \
    280 /* every other one allocates: more than have room in the first slab of nodes */
#define CROWD_BLOCKS 70
/* With 8 MiB each, their stacks alone would take most of an address space of 32 bits. */
#define CROWD_STACK ((size_t)256 << 10)

struct crowd {
    pthread_barrier_t barrier;
    atomic_size_t next;
    size_t size;
    void *blocks[CROWD_MAX][CROWD_BLOCKS];
};

static struct crowd crowd;

/* Allocates its own blocks, waits for the sum, and frees those of its neighbour. */
static void *join_crowd(void *argument)
{
    size_t me = atomic_fetch_add(&crowd.next, 1);
    size_t count = me % 2 == 0 ? CROWD_BLOCKS : 5;

    (void)argument;
    for (size_t i = 0; i < count; i++)
        crowd.blocks[me][i] = zmalloc(1 + (me * 31 + i * 7) % 500);
    pthread_barrier_wait(&crowd.barrier);
    pthread_barrier_wait(&crowd.barrier);
    for (size_t i = 0; i < CROWD_BLOCKS; i++)
        zfree(crowd.blocks[(me + 1) % crowd.size][i]);
    return NULL;
}

static size_t sum_of_crowd(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < crowd.size; i++)
        for (size_t j = 0; j < CROWD_BLOCKS; j++)
            sum += zmalloc_size(crowd.blocks[i][j]);
    return sum;
}

static void watch_crowd(void *argument)
{
    pthread_t threads[CROWD_MAX];
    pthread_attr_t attributes;

    (void)argument;
    crowd.size = scaled(200) < CROWD_MAX ? scaled(200) : CROWD_MAX;
    if (crowd.size < CROWD_MIN)
        crowd.size = CROWD_MIN;
    child_check(pthread_barrier_init(&crowd.barrier, NULL, (unsigned)crowd.size + 1) == 0);
    child_check(pthread_attr_init(&attributes) == 0);
    child_check(pthread_attr_setstacksize(&attributes, CROWD_STACK) == 0);
    for (size_t i = 0; i < crowd.size; i++)
        child_check(pthread_create(&threads[i], &attributes, join_crowd, NULL) == 0);
    pthread_attr_destroy(&attributes);
    pthread_barrier_wait(&crowd.barrier);
    child_check(zmalloc_used_memory() == sum_of_crowd());
    pthread_barrier_wait(&crowd.barrier);
    for (size_t i = 0; i < crowd.size; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    child_check(zmalloc_used_memory() == 0);
    printf("figures: %zu threads at once\n", crowd.size);
}

static void many_threads_at_once_are_all_counted(void **state)
{
    (void)state;
    in_child(watch_crowd);
}

/* ---- Many in a row ---- */

#define LEFT_BEHIND 64
/* After that many the process has reached its size. With a sanitizer the size means nothing. */
#define FIRST_THREADS (UNDER_SANITIZER ? 1000 : 10000)
#define GROWTH_MAX ((size_t)1 << 20)

static _Atomic(void *) left_behind[LEFT_BEHIND];

/* Leaves a block to later threads, and frees one that an earlier thread left. */
static void leave(size_t place, size_t size)
{
    zfree(atomic_exchange(&left_behind[place % LEFT_BEHIND], zmalloc(size)));
}

/* Every other one does enough to be registered. */
static void *live_shortly(void *argument)
{
    size_t number = *(const size_t *)argument;
    size_t count = number % 2 == 0 ? 50 : 3;

    for (size_t i = 0; i < count; i++)
        leave(number * 5 + i, 16 + (number + i) % 1000);
    return NULL;
}

static void run_in_a_row(size_t count)
{
    for (size_t number = 0; number < count; number++) {
        pthread_t thread;

        child_check(pthread_create(&thread, NULL, live_shortly, &number) == 0);
        child_check(pthread_join(thread, NULL) == 0);
    }
}

static size_t sum_of_left_behind(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < LEFT_BEHIND; i++)
        sum += zmalloc_size(left_behind[i]);
    return sum;
}

/* zmalloc_get_rss() reads a figure that Linux keeps per processor and sums only now and then. Under an
 * emulator the exact one is that of the emulator. */
static size_t resident_exactly(void)
{
    return under_emulator() ? zmalloc_get_rss() : zmalloc_get_smap_bytes_by_field("Rss:", -1);
}

static void run_many_in_a_row(void *argument)
{
    /* Until the allocator has all it keeps; an emulator makes threads slowly, and knows no RSS. */
    size_t first = under_emulator() ? FIRST_THREADS / 10 : FIRST_THREADS;
    size_t resident;
    size_t grown;

    (void)argument;
    run_in_a_row(first);
    resident = resident_exactly();
    child_check(resident > 0 || under_emulator());
    run_in_a_row(scaled(20000));
    grown = resident_exactly();
    printf("figures: %zu threads in a row, resident %+td KiB after the first %zu\n",
           first + scaled(20000), (ptrdiff_t)(grown - resident) / 1024, first);
    child_check(UNDER_SANITIZER || under_valgrind() || grown < resident + GROWTH_MAX);
    child_check(zmalloc_used_memory() == sum_of_left_behind());
    for (size_t i = 0; i < LEFT_BEHIND; i++)
        zfree(left_behind[i]);
    child_check(zmalloc_used_memory() == 0);
}

static void short_threads_leave_nothing(void **state)
{
    (void)state;
    in_child(run_many_in_a_row);
}

/* ---- Threads that only free ---- */

#define FREED_MAX 200

struct gift {
    void *blocks[FREED_MAX];
    size_t count;
};

static void *free_gift(void *argument)
{
    const struct gift *gift = argument;

    for (size_t i = 0; i < gift->count; i++)
        zfree(gift->blocks[i]);
    return NULL;
}

/* Below, at and above the number of operations after which a thread registers. */
static void free_in_threads(void *argument)
{
    (void)argument;
    for (size_t count = 1; count <= FREED_MAX; count += count < 60 || count > 70 ? 11 : 1) {
        struct gift gift = {.count = count};
        void *kept = zmalloc(100);

        for (size_t i = 0; i < count; i++)
            gift.blocks[i] = zmalloc(1 + i * 13);
        must_run_threads(1, free_gift, &gift);
        child_check(zmalloc_used_memory() == zmalloc_size(kept));
        zfree(kept);
    }
    child_check(zmalloc_used_memory() == 0);
}

static void threads_may_free_without_allocating(void **state)
{
    (void)state;
    in_child(free_in_threads);
}

/* ---- A thread's first large block, which may be the operation that makes it register ---- */

#define MIB ((size_t)1 << 20)

static void *make_large_after(void *operations)
{
    size_t count = *(const size_t *)operations;
    void *small = NULL;
    void *large;

    for (size_t i = 0; i < count; i++)
        small = zrealloc(small, 100);
    large = zmalloc((count + 8) * MIB);
    zfree(large);
    zfree(small);
    return NULL;
}

/* Each is larger than all before. A reset would hide what no thread has checked. */
static void first_large_blocks(void *argument)
{
    (void)argument;
    leave_blocks_untouched();
    for (size_t operations = 0; operations < 100; operations++) {
        must_run_threads(1, make_large_after, &operations);
        child_check(zmalloc_peak_memory() >= (operations + 8) * MIB);
    }
}

static void first_large_block_sets_the_peak(void **state)
{
    (void)state;
    in_child(first_large_blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(threads_may_free_without_allocating),
        zm_test(blocks_may_be_freed_by_other_threads),
        zm_test(many_threads_at_once_are_all_counted),
        zm_test(short_threads_leave_nothing),
        zm_test(first_large_block_sets_the_peak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
