/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * callgrind.py counts this program's instructions: a few workloads over the allocator by itself
 * (raw) or over the public functions (zmalloc). Each runs in its own process, so both find the same
 * heap. Prints the version of the active backend.
 *
 * usage: instructions raw|zmalloc OPERATIONS
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"
#include "zmalloc.h"

/* callgrind.py finds them by name. */
#define COUNTED __attribute__((noinline, used))

#define SLOTS 4096
#define STEPS 65536

struct workload {
    void (*run)(const struct subject *of, long operations);
    /* Fills the allocator's caches; far more than it takes to register the thread. */
    long warm_up;
};

struct step {
    uint16_t slot;
    uint16_t size;
};

static struct step steps[STEPS];
static void *blocks[SLOTS];

static COUNTED void pair(const struct subject *of, long operations)
{
    for (long i = 0; i < operations; i++)
        of->free(of->alloc(64));
}

static COUNTED void usable(const struct subject *of, long operations)
{
    size_t size;

    for (long i = 0; i < operations; i++)
        of->free_usable(of->alloc_usable(64, &size), &size);
}

static COUNTED void calloc_pair(const struct subject *of, long operations)
{
    for (long i = 0; i < operations; i++)
        of->free(of->calloc(64));
}

static COUNTED void aligned(const struct subject *of, long operations)
{
    for (long i = 0; i < operations; i++)
        of->free(of->aligned_alloc(64, 64));
}

/* Both sizes are in one size class, so the block does not move. */
static COUNTED void resize(const struct subject *of, long operations)
{
    void *block = of->alloc(64);

    for (long i = 0; i < operations; i++)
        block = of->realloc(block, i % 2 == 0 ? 60 : 64);
    of->free(block);
}

/* Frees the block in a random slot and puts one of a random size in its place. */
static COUNTED void churn(const struct subject *of, long operations)
{
    static size_t next;

    for (long i = 0; i < operations; i++) {
        const struct step *step = &steps[next++ % STEPS];

        of->free(blocks[step->slot]);
        blocks[step->slot] = of->alloc(step->size);
    }
}

static const struct workload workloads[] = {
    {pair, 1000},    {usable, 1000}, {calloc_pair, 1000},
    {aligned, 1000}, {resize, 1000}, {churn, 8L * SLOTS},
};

#define WORKLOADS (sizeof workloads / sizeof *workloads)

static uint32_t draw(uint32_t low, uint32_t high)
{
    static uint32_t state = 12345;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return low + state % (high - low + 1);
}

/* A server's mix, the same as in bench/workloads.h. */
static void draw_steps(void)
{
    for (size_t i = 0; i < STEPS; i++) {
        uint32_t percent = draw(1, 100);

        steps[i].slot = (uint16_t)draw(0, SLOTS - 1);
        steps[i].size = (uint16_t)(percent <= 70   ? draw(16, 128)
                                   : percent <= 95 ? draw(129, 1024)
                                                   : draw(1025, 4096));
    }
}

static COUNTED void measure(const struct subject *of, long operations)
{
    for (size_t i = 0; i < WORKLOADS; i++)
        workloads[i].run(of, operations);
}

int main(int argc, char **argv)
{
    struct subject subjects[SUBJECTS_MAX];
    const char *why = NULL;
    const struct subject *of = NULL;
    size_t count = subjects_find(subjects, &why);

    if (count == 0) {
        fprintf(stderr, "instructions: %s: %s\n", zmalloc_backend_name(), why);
        return 1;
    }
    for (size_t i = 0; argc == 3 && i < count; i++) {
        if (strcmp(subjects[i].name, argv[1]) == 0)
            of = &subjects[i];
    }
    if (of == NULL) {
        fprintf(stderr, "usage: instructions raw|zmalloc OPERATIONS\n");
        return 2;
    }
    draw_steps();
    for (size_t i = 0; i < WORKLOADS; i++)
        workloads[i].run(of, workloads[i].warm_up);
    measure(of, strtol(argv[2], NULL, 10));
    puts(ZMALLOC_LIB);
    return 0;
}
