/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Threads allocate until a limit of the address space (RLIMIT_AS) stops them, again and again. Each
 * time, every function must fail as its contract says, nothing may be lost, and after some memory
 * is freed the allocator must work again.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "api.h"
#include "storm.h"

#define THREADS_MAX 16
#define VSIZE_FIELD 23 /* of /proc/self/stat */

/* The start of each block. Of the bytes after it, only the last is written. */
struct piece {
    struct piece *next;
    size_t size;
};

struct heap {
    struct piece *last;
    size_t count;
    size_t counted; /* bytes of used memory that belong to it */
    size_t most;    /* the most pieces there were */
};

static struct heap heaps[THREADS_MAX];
static uint64_t rounds = 200;
static uint64_t threads = 4;
static uint64_t room = 1024; /* MiB over what the process has when its threads are there */
static pthread_barrier_t together;

/* ---- Blocks ---- */

static unsigned char *end_of(struct piece *piece)
{
    return (unsigned char *)piece + piece->size - 1;
}

static bool push(struct heap *heap, size_t size)
{
    struct piece *piece;

    errno = 0;
    piece = ztrymalloc(size);
    if (piece == NULL) {
        child_check(errno == ENOMEM);
        return false;
    }
    *piece = (struct piece){heap->last, size};
    *end_of(piece) = (unsigned char)size + 1;
    heap->last = piece;
    heap->counted += zmalloc_size(piece);
    heap->count++;
    return true;
}

static size_t pop(struct heap *heap)
{
    struct piece *piece = heap->last;
    size_t size = piece->size;

    child_check(*end_of(piece) == (unsigned char)(size + 1));
    heap->last = piece->next;
    heap->counted -= zmalloc_size(piece);
    heap->count--;
    zfree(piece);
    return size;
}

static void fill(struct heap *heap)
{
    static const size_t sizes[] = {1 << 20, 100000, 5000, 400, sizeof(struct piece) + 1};

    for (size_t i = 0; i < LENGTH(sizes); i++)
        while (push(heap, sizes[i]))
            continue;
    if (heap->count > heap->most)
        heap->most = heap->count;
}

/* Half as many blocks of the size that was freed last must be available again, unless other threads
 * take the memory. So one thread at a time. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void free_half_and_go_on(struct heap *heap)
{
    size_t half = heap->count / 2;
    size_t size = 0;
    size_t alike = 0;

    pthread_mutex_lock(&turn);
    while (heap->count > half) {
        size_t popped = pop(heap);

        alike = popped == size ? alike + 1 : 1;
        size = popped;
    }
    for (size_t i = 0; i < alike / 2; i++)
        child_check(push(heap, size));
    pthread_mutex_unlock(&turn);
}

static void empty(struct heap *heap)
{
    while (heap->last != NULL)
        pop(heap);
    child_check(heap->counted == 0);
}

/* ---- When all are full ---- */

static void check_function(const struct allocating_function *function)
{
    size_t used = zmalloc_used_memory();
    size_t usable = 1;
    size_t size = (size_t)room * MIB;

    remember_handler_calls();
    errno = 0;
    child_check(function->call(NULL, size, &usable) == NULL);
    child_check(errno == ENOMEM);
    child_check(usable == (function->tells_usable ? 0 : 1));
    child_check(handler_record.calls == (function->calls_handler ? 1 : 0));
    child_check(zmalloc_used_memory() == used);
}

/* If there is no memory to resize it, a block stays as it is. A thread that came too late may have
 * no block. */
static void check_resizing(const struct allocating_function *function)
{
    for (size_t i = 0; function->takes_block && i < threads; i++) {
        struct piece *piece = heaps[i].last;
        size_t size = piece != NULL ? piece->size : 0;

        if (piece == NULL)
            continue;
        child_check(function->call(piece, (size_t)room * MIB, &(size_t){0}) == NULL);
        child_check(heaps[i].last == piece && piece->size == size);
        child_check(*end_of(piece) == (unsigned char)(size + 1));
    }
}

static void run_out_by_default(void *argument)
{
    zmalloc_set_oom_handler(NULL);
    while (zmalloc(*(const size_t *)argument) != NULL)
        continue;
}

static void check_the_default(void)
{
    size_t size = 1000000;
    struct outcome outcome = run_child(run_out_by_default, &size);

    assert_killed_by(&outcome, SIGABRT);
    assert_err_is(&outcome, "zmalloc: Out of memory trying to allocate 1000000 bytes\n");
}

static void check_without_memory(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < threads; i++)
        sum += heaps[i].counted;
    child_check(sum >= (size_t)room * MIB / 2);
    child_check(zmalloc_used_memory() == sum);
    for (size_t i = 0; i < allocating_function_count; i++) {
        check_function(&allocating_functions[i]);
        check_resizing(&allocating_functions[i]);
    }
    child_check(zmalloc_used_memory() == sum);
}

/* ---- Rounds ---- */

static void *live_at_the_limit(void *argument)
{
    struct heap *heap = argument;

    push(heap, 10000);
    empty(heap);
    pthread_barrier_wait(&together);
    pthread_barrier_wait(&together);
    for (uint64_t i = 0; i < rounds; i++) {
        fill(heap);
        pthread_barrier_wait(&together);
        pthread_barrier_wait(&together);
        free_half_and_go_on(heap);
        pthread_barrier_wait(&together);
        empty(heap);
    }
    return NULL;
}

static void limit_address_space(void)
{
    long long size = 0;
    struct rlimit limit;

    child_check(zmalloc_get_proc_stat(VSIZE_FIELD, &size) == 0);
    child_check(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = (rlim_t)size + (rlim_t)room * MIB;
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        skip_storm("the process may not set RLIMIT_AS");
}

static void run_rounds(void)
{
    pthread_barrier_wait(&together);
    limit_address_space();
    pthread_barrier_wait(&together);
    for (uint64_t i = 0; i < rounds; i++) {
        pthread_barrier_wait(&together);
        check_without_memory();
        if (i == 0)
            check_the_default();
        pthread_barrier_wait(&together);
        pthread_barrier_wait(&together);
    }
}

int main(int count, char **arguments)
{
    const struct setting settings[] = {
        {"rounds", &rounds, 1, SIZE_MAX},
        {"threads", &threads, 1, THREADS_MAX},
        {"room", &room, 64, 1 << 20},
    };
    pthread_t ids[THREADS_MAX];
    size_t most = 0;

    (void)count;
    take_settings(arguments, settings, LENGTH(settings));
    child_check(pthread_barrier_init(&together, NULL, (unsigned)threads + 1) == 0);
    for (size_t i = 0; i < threads; i++)
        child_check(pthread_create(&ids[i], NULL, live_at_the_limit, &heaps[i]) == 0);
    run_rounds();
    for (size_t i = 0; i < threads; i++) {
        child_check(pthread_join(ids[i], NULL) == 0);
        most += heaps[i].most;
    }
    child_check(zmalloc_used_memory() == 0);
    tell_figures("out of memory %zu times in %zu threads, %zu MiB of room, up to %zu blocks",
                 (size_t)rounds, (size_t)threads, (size_t)room, most);
    return 0;
}
