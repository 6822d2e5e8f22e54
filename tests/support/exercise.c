/* SPDX-License-Identifier: BSD-3-Clause */

#include "exercise.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

#define BLOCKS 200
#define THREADS 8

/* Volatile, to hide from the compiler that they are impossible. */
static volatile size_t too_large = SIZE_MAX / 2;
static volatile size_t no_alignment[] = {0, 24, SIZE_MAX / 2};

void check_that(bool right, const char *condition, const char *file, int line)
{
    if (right)
        return;
    fprintf(stderr, "%s:%d: not %s\n", file, line, condition);
    fflush(NULL);
    _exit(EXIT_FAILURE);
}

/* ---- Blocks, and what they count for ---- */

static size_t expected; /* of zmalloc_used_memory(), by this thread */

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void *came(void *block, size_t size)
{
    check(block != NULL);
    check(zmalloc_usable_size(block) >= size);
    check(zmalloc_size(block) >= zmalloc_usable_size(block));
    check(size < 16 || (uintptr_t)block % 16 == 0);
    expected += zmalloc_size(block);
    check(zmalloc_used_memory() == expected);
    stamp(extend_to_usable(block, zmalloc_usable_size(block)), zmalloc_usable_size(block),
          (unsigned)size);
    return block;
}

static void *came_zeroed(void *block, size_t size)
{
    check(block != NULL);
    check(is_zero(extend_to_usable(block, zmalloc_usable_size(block)), zmalloc_usable_size(block)));
    return came(block, size);
}

static void *came_usable(void *block, size_t size, size_t usable)
{
    check(usable == zmalloc_usable_size(block));
    return came(block, size);
}

static void goes(void *block)
{
    expected -= zmalloc_size(block);
}

/* By each of the four ways in turn. */
static void went(void *block, size_t size)
{
    static unsigned turn;
    size_t usable = zmalloc_usable_size(block);
    size_t released = usable;

    goes(block);
    errno = 4321;
    switch (turn++ % 4) {
    case 0:
        zfree(block);
        break;
    case 1:
        zfree_with_size(block, size);
        break;
    case 2:
        zfree_with_size(block, usable);
        break;
    default:
        zfree_usable(block, &released);
    }
    check(errno == 4321);
    check(released == usable);
    check(zmalloc_used_memory() == expected);
}

/* ---- Sizes ---- */

static void allocate_and_free(size_t size)
{
    size_t usable = 0;
    void *blocks[12];

    blocks[0] = came(zmalloc(size), size);
    blocks[1] = came_zeroed(zcalloc(size), size);
    blocks[2] = came_zeroed(zcalloc_num(1, size), size);
    blocks[3] = came(ztrymalloc(size), size);
    blocks[4] = came_zeroed(ztrycalloc(size), size);
    blocks[5] = zmalloc_usable(size, &usable);
    came_usable(blocks[5], size, usable);
    blocks[6] = zcalloc_usable(size, &usable);
    came_usable(blocks[6], size, usable);
    blocks[7] = ztrymalloc_usable(size, &usable);
    came_usable(blocks[7], size, usable);
    blocks[8] = ztrycalloc_usable(size, &usable);
    came_usable(blocks[8], size, usable);
    blocks[9] = came(zmalloc_cache_aligned(size), size);
    check((uintptr_t)blocks[9] % 64 == 0);
    blocks[10] = came(ztrymalloc_cache_aligned(size), size);
    check((uintptr_t)blocks[10] % 64 == 0);
    blocks[11] = came_zeroed(ztrycalloc_num(1, size), size);
    for (size_t i = 0; i < 12; i++)
        went(blocks[i], size);
}

static void *resize(void *block, size_t size, unsigned how)
{
    size_t usable = 0;

    switch (how % 6) {
    case 0:
        return zrealloc(block, size);
    case 1:
        return ztryrealloc(block, size);
    case 2:
        return zreallocarray(block, 1, size);
    case 3:
        return ztryreallocarray(block, size, 1);
    case 4:
        block = zrealloc_usable(block, size, &usable);
        break;
    default:
        block = ztryrealloc_usable(block, size, &usable);
    }
    check(usable == zmalloc_usable_size(block));
    return block;
}

/* Contents survive up to the smaller size, whichever function resizes. */
static void reallocate(size_t from, size_t to)
{
    for (unsigned how = 0; how < 6; how++) {
        void *block = resize(NULL, from, how);

        came(block, from);
        goes(block);
        block = resize(block, to, how);
        check(has_stamp(block, from < to ? from : to, (unsigned)from));
        went(came(block, to), to);
    }
}

static void align(size_t alignment, size_t size)
{
    void *block = came(ztrymalloc_aligned(alignment, size), size);
    void *other = came(zmalloc_aligned(alignment, size), size);

    check((uintptr_t)block % alignment == 0);
    check((uintptr_t)other % alignment == 0);
    goes(block);
    block = zrealloc(block, 2 * size);
    check(has_stamp(block, size, (unsigned)size));
    went(came(block, 2 * size), 2 * size);
    went(other, size);
}

/* ---- Corners ---- */

static void fail_and_keep(void)
{
    void *block = came(zmalloc(100), 100);
    size_t usable = 1;

    check(ztrymalloc(too_large) == NULL && errno == ENOMEM);
    check(ztrycalloc_usable(too_large, &usable) == NULL && usable == 0);
    check(ztryreallocarray(block, too_large, 3) == NULL && errno == ENOMEM);
    for (size_t i = 0; i < sizeof no_alignment / sizeof *no_alignment; i++) {
        errno = 0;
        check(ztrymalloc_aligned(no_alignment[i], 1) == NULL && errno == EINVAL);
    }
    check(has_stamp(block, 100, 100));
    went(block, 100);
}

static void free_by_reallocating(void)
{
    void *block = came(zmalloc(100), 100);
    size_t usable = 1;

    goes(block);
    check(ztryrealloc_usable(block, 0, &usable) == NULL && usable == 0);
    block = came(zmalloc(100), 100);
    goes(block);
    check(ztryrealloc(block, too_large) == NULL && errno == ENOMEM);
    check(zmalloc_used_memory() == expected);
    zfree(NULL);
    zfree_with_size(NULL, 1);
    zfree_usable(NULL, &usable);
    check(zmalloc_size(NULL) == 0 && zmalloc_usable_size(NULL) == 0);
    check(zmalloc_used_memory() == expected);
}

static void duplicate(char *(*copy_of)(const char *string))
{
    static const char text[] = "what a string is made of";
    char *copy = copy_of(text);

    check(strcmp(copy, text) == 0);
    went(came(copy, sizeof text), sizeof text);
}

void exercise_functions(void)
{
    static const size_t sizes[] = {0, 1, 8, 15, 16, 17, 100, 1000, 4096, 70000, 1 << 20};
    size_t count = sizeof sizes / sizeof *sizes;

    expected = zmalloc_used_memory();
    for (size_t i = 0; i < count; i++)
        allocate_and_free(sizes[i]);
    for (size_t i = 1; i < count; i++)
        reallocate(sizes[i], sizes[count - i]);
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2)
        align(alignment, alignment + 24);
    fail_and_keep();
    free_by_reallocating();
    duplicate(zstrdup);
    duplicate(ztrystrdup);
    check(zmalloc_peak_memory() >= (size_t)1 << 20);
}

/* ---- Threads ---- */

/* What a thread leaves to the next: blocks of different sizes. */
static void *hand_on(void *argument)
{
    void **blocks = argument;

    for (size_t i = 0; i < BLOCKS; i++) {
        check(blocks[i] == NULL || has_stamp(blocks[i], i, (unsigned)i));
        if (i % 3 == 0) {
            zfree(blocks[i]);
            blocks[i] = zmalloc(i);
        } else {
            blocks[i] = zrealloc(blocks[i], i);
        }
        stamp(blocks[i], i, (unsigned)i);
        zfree(zmalloc(i));
    }
    return NULL;
}

static size_t size_of_all(void *blocks[THREADS][BLOCKS])
{
    size_t sum = 0;

    for (size_t i = 0; i < THREADS; i++)
        for (size_t j = 0; j < BLOCKS; j++)
            sum += zmalloc_size(blocks[i][j]);
    return sum;
}

static void run_all(void *blocks[THREADS][BLOCKS])
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        check(pthread_create(&threads[i], NULL, hand_on, blocks[i]) == 0);
    for (size_t i = 0; i < THREADS; i++)
        check(pthread_join(threads[i], NULL) == 0);
}

void exercise_threads(void)
{
    static void *blocks[THREADS][BLOCKS];
    size_t before = zmalloc_used_memory();

    for (size_t round = 0; round < 4; round++) {
        run_all(blocks);
        check(zmalloc_used_memory() == before + size_of_all(blocks));
    }
    for (size_t i = 0; i < THREADS; i++)
        for (size_t j = 0; j < BLOCKS; j++) {
            zfree(blocks[i][j]);
            blocks[i][j] = NULL;
        }
    check(zmalloc_used_memory() == before);
}
