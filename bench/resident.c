/* SPDX-License-Identifier: BSD-3-Clause */

#include "resident.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROLLUP "/proc/self/smaps_rollup"

static void __attribute__((noreturn)) fail(const char *what, int error)
{
    fprintf(stderr, "footprint: %s: %s\n", what, strerror(error));
    exit(1);
}

/*
 * Bytes of anonymous memory. All memory of an allocator is anonymous; the rest, pages of program
 * files, grows with the first call of every function. The kernel counts this from the page tables,
 * page by page; the totals in statm may be off by hundreds of KiB.
 */
static double resident_now(void)
{
    char rollup[4096] = "";
    int fd = open(ROLLUP, O_RDONLY | O_CLOEXEC);
    const char *anonymous;

    if (fd < 0 || read(fd, rollup, sizeof rollup - 1) < 0)
        fail(ROLLUP, errno);
    close(fd);
    anonymous = strstr(rollup, "Anonymous:");
    if (anonymous == NULL)
        fail(ROLLUP, ENOTSUP);
    return strtod(anonymous + strlen("Anonymous:"), NULL) * 1024;
}

/* ---- Objects ---- */

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 16;
}

static size_t draw_between(uint64_t *state, size_t low, size_t high)
{
    return low + (size_t)draw(state) % (high - low + 1);
}

static size_t draw_size(uint64_t *state)
{
    size_t percent = draw_between(state, 1, 100);

    if (percent <= 70)
        return draw_between(state, 16, 128);
    return percent <= 95 ? draw_between(state, 129, 1024) : draw_between(state, 1025, 4096);
}

/* The pointer can be dropped: objects are never freed. */
static void make_object(const struct subject *of, size_t size)
{
    void *object = of->alloc(size);

    if (object == NULL)
        fail(of->name, ENOMEM);
    memset(object, 1, size);
}

struct resident measure_objects(const struct load *load)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    size_t count = 0;
    size_t requested = 0;
    double before;

    /* The first object starts the allocator. */
    make_object(&load->of, load->size != MIX_OF_SIZES ? load->size : 64);
    before = resident_now();
    while (count < load->objects || requested < load->bytes) {
        size_t size = load->size != MIX_OF_SIZES ? load->size : draw_size(&state);

        make_object(&load->of, size);
        requested += size;
        count++;
    }
    return (struct resident){.bytes = (resident_now() - before) / (double)count,
                             .requested = (double)requested / (double)count};
}

/* ---- Threads ---- */

#define BLOCKS 100
#define BLOCK_SIZE 64
#define STACK_SIZE ((size_t)64 << 10)

struct crew {
    struct subject of;
    sem_t done;
    bool stays;
};

static void *work(void *argument)
{
    struct crew *crew = argument;
    void *blocks[BLOCKS];

    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = crew->of.alloc(BLOCK_SIZE);
    for (int i = 0; i < BLOCKS; i++)
        crew->of.free(blocks[i]);
    sem_post(&crew->done);
    while (crew->stays)
        pause();
    return NULL;
}

/* One thread works at a time. Otherwise how much they hold at once would be a matter of chance. */
static pthread_t start_thread(struct crew *crew, void *stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);

    if (error == 0)
        error = pthread_attr_setstack(&attributes, stack, STACK_SIZE);
    if (error == 0)
        error = pthread_create(&thread, &attributes, work, crew);
    if (error != 0)
        fail("pthread_create", error);
    pthread_attr_destroy(&attributes);
    while (sem_wait(&crew->done) != 0) {
    }
    return thread;
}

/* Resident from the start, so it does not matter how deep a thread goes into its stack. */
static char *map_stacks(size_t count)
{
    void *stacks = mmap(NULL, count * STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_POPULATE, -1, 0);

    if (stacks == MAP_FAILED)
        fail("mmap", errno);
    return stacks;
}

struct resident measure_threads(const struct load *load)
{
    struct crew crew = {.of = load->of, .stays = false};
    char *stacks = map_stacks(load->threads + 1);
    double before;

    sem_init(&crew.done, 0, 0);
    /* A thread that comes and goes starts the allocator. */
    pthread_join(start_thread(&crew, stacks), NULL);
    crew.stays = true;
    before = resident_now();
    for (size_t i = 1; i <= load->threads; i++)
        start_thread(&crew, stacks + i * STACK_SIZE);
    return (struct resident){.bytes = (resident_now() - before) / (double)load->threads};
}
