/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program for LD_PRELOAD of another allocator. It prints the backend's name, version and
 * ZMALLOC_LIB; the file that malloc is in; whether that allocator has handed out as many bytes more
 * after a large allocation by zmalloc, or -1 if it has no function to ask; whether the backend's
 * figures include that block ("wrong" if they do not); and whether zeroed blocks are zero over all
 * of their usable size.
 */

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zmalloc.h"

#define SIZE ((size_t)5 << 20)

static void *find(const char *name)
{
    return dlsym(RTLD_DEFAULT, name);
}

/* jemalloc: everything that this thread has ever allocated. */
static long ask_jemalloc(const void *block)
{
    int (*control)(const char *, void *, size_t *, void *, size_t);
    uint64_t allocated = 0;
    size_t size = sizeof allocated;

    (void)block;
    *(void **)&control = find("mallctl");
    if (control == NULL || control("thread.allocated", &allocated, &size, NULL, 0) != 0)
        return -1;
    return (long)allocated;
}

static long ask_tcmalloc(const void *block)
{
    int (*property)(const char *, size_t *);
    size_t allocated = 0;

    (void)block;
    *(void **)&property = find("MallocExtension_GetNumericProperty");
    if (property == NULL || !property("generic.current_allocated_bytes", &allocated))
        return -1;
    return (long)allocated;
}

/* mimalloc: whether the block is in its memory. 3.0.1 denies it for large blocks, but knows the
 * size of every block of its own and of no other. */
static long ask_mimalloc(const void *block)
{
    bool (*is_mine)(const void *);
    int (*version)(void);
    size_t (*usable_size)(const void *);

    *(void **)&is_mine = find("mi_is_in_heap_region");
    *(void **)&version = find("mi_version");
    *(void **)&usable_size = find("mi_usable_size");
    if (is_mine == NULL || version == NULL || usable_size == NULL)
        return -1;
    if (version() == 301)
        return usable_size(block) >= SIZE ? (long)SIZE : 0;
    return is_mine(block) ? (long)SIZE : 0;
}

static long ask(const void *block)
{
    long answer = ask_jemalloc(block);

    if (answer < 0)
        answer = ask_tcmalloc(block);
    return answer < 0 ? ask_mimalloc(block) : answer;
}

static const char *file_of_malloc(void)
{
    Dl_info info;

    return dladdr((void *)(uintptr_t)malloc, &info) != 0 ? info.dli_fname : "unknown";
}

static const char *judge_figures(void)
{
    size_t allocated;

    if (zmalloc_get_allocator_info(&allocated, NULL, NULL, NULL, NULL) == 0)
        return "none";
    return allocated >= SIZE ? "right" : "wrong";
}

#define DIRTY 50

static bool is_zero(const unsigned char *block, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (block[i] != 0)
            return false;
    return true;
}

/* For blocks in the place of dirty ones of the same size. */
static bool zeroed_are_zero(size_t size)
{
    static unsigned char *blocks[DIRTY];
    bool zero = true;
    size_t usable;

    for (size_t i = 0; i < DIRTY; i++) {
        blocks[i] = zmalloc_usable(size, &usable);
        memset(blocks[i], 0xff, usable);
    }
    for (size_t i = 0; i < DIRTY; i++)
        zfree(blocks[i]);
    for (size_t i = 0; i < DIRTY; i++) {
        blocks[i] = zcalloc_usable(size, &usable);
        zero = zero && is_zero(blocks[i], usable);
    }
    for (size_t i = 0; i < DIRTY; i++)
        zfree(blocks[i]);
    return zero;
}

static const char *judge_zeroed(void)
{
    static const size_t sizes[] = {1, 17, 117, 1001, 5001, 150001};
    bool zero = true;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        zero = zero && zeroed_are_zero(sizes[i]);
    return zero ? "right" : "wrong";
}

int main(void)
{
    long before = ask(NULL);
    char *block = zmalloc(SIZE);
    long after = ask(block);

    memset(block, 1, SIZE);
    if (zmalloc_used_memory() != zmalloc_size(block))
        return 1;
    printf("\nname: %s\nversion: %s\nlib: %s\nmalloc: %s\nrose: %d\nfigures: %s\n",
           zmalloc_backend_name(), zmalloc_backend_version(), ZMALLOC_LIB, file_of_malloc(),
           before < 0 ? -1 : after - before >= (long)SIZE, judge_figures());
    block = zrealloc(block, 2 * SIZE);
    zfree(block);
    printf("zeroed: %s\n", judge_zeroed());
    return zmalloc_used_memory() == 0 ? 0 : 2;
}
