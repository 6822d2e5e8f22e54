/* SPDX-License-Identifier: BSD-3-Clause */

/* Call stacks of samples: those that the C library's unwinder finds, on every way to an allocation, also
 * when the way has been learned (layers/frames.c). */

#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <execinfo.h>
#endif

#include "heap_profile.h"
#include "support.h"
#include "zmalloc_sample.h"

#define FRAMES 64
#define TIMES 4

static void *found[FRAMES];
static int found_count;
static void *volatile kept;

/* Blocks of a size that nobody else asks for. What is in found are the callers of this function. */
static __attribute__((noinline)) void take(size_t size)
{
    void *block = zmalloc(size);

#ifdef __GLIBC__
    found_count = backtrace(found, FRAMES);
    /* A sanitizer's function of that name comes first. */
    if (UNDER_SANITIZER)
        memmove(found, found + 1, (size_t)--found_count * sizeof *found);
#endif
    kept = block;
    zfree(block);
}

/* ---- Ways ---- */

static __attribute__((noinline)) void way_plain(size_t size)
{
    take(size);
    kept = NULL;
}

static __attribute__((noinline)) void way_recursive(size_t size, int depth)
{
    if (depth > 0)
        way_recursive(size, depth - 1);
    else
        take(size);
    kept = NULL;
}

static void way_deep(size_t size)
{
    way_recursive(size, 20);
    kept = NULL;
}

/* Its frame has another size each time. */
static __attribute__((noinline)) void way_alloca(size_t size)
{
    static size_t more;
    volatile char *memory = alloca(100 + 64 * more++);

    memory[0] = 1;
    take(size);
    memory[1] = memory[0];
}

/* Its frame is aligned to more than a stack is, so its size depends on where it begins. */
static __attribute__((noinline)) void way_aligned_at(size_t size, size_t shift)
{
    _Alignas(128) volatile char memory[128];

    memory[shift] = 1;
    take(size);
    memory[1] = memory[0];
}

static __attribute__((noinline)) void way_aligned(size_t size)
{
    static size_t shift;
    volatile char *memory = alloca(16 + 16 * (shift++ % 8));

    memory[0] = 1;
    way_aligned_at(size, shift);
    memory[1] = memory[0];
}

static size_t size_for_compare;

static int compare(const void *left, const void *right)
{
    static bool is_taken;

    if (!is_taken)
        take(size_for_compare);
    is_taken = true;
    return *(const int *)left - *(const int *)right;
}

/* Through a function of the C library. */
static __attribute__((noinline)) void way_qsort(size_t size)
{
    int numbers[] = {2, 1};

    size_for_compare = size;
    qsort(numbers, 2, sizeof *numbers, compare);
    kept = NULL;
}

static size_t size_for_handler;

static void handle(int number)
{
    (void)number;
    take(size_for_handler);
}

static __attribute__((noinline)) void way_signal(size_t size)
{
    size_for_handler = size;
    signal(SIGUSR1, handle);
    raise(SIGUSR1);
    kept = NULL;
}

static __attribute__((noinline)) void *run_thread(void *size)
{
    way_plain(*(size_t *)size);
    return NULL;
}

static void way_thread(size_t size)
{
    pthread_t thread;

    child_check(pthread_create(&thread, NULL, run_thread, &size) == 0);
    pthread_join(thread, NULL);
}

/* ---- What the profile says ---- */

/* The stack of so many blocks of that size, which were freed; NULL if they have not all the same. */
static const char *stack_of(const char *text, size_t blocks, size_t size)
{
    char line[100];
    const char *at;

    snprintf(line, sizeof line, "\n0: 0 [%zu: %zu] @", blocks, blocks * size);
    at = strstr(text, line);
    return at != NULL ? at + strlen(line) : NULL;
}

/* The first address is in take() itself, there after another call. */
static void assert_same_stack(const char *way, const char *stack)
{
    char *end;

    for (int i = 0; i < found_count; i++) {
        uintptr_t address = (uintptr_t)strtoull(stack, &end, 16);

        if (end == stack || (i > 0 && address != (uintptr_t)found[i]))
            fail_msg("%s: frame %d of %d is 0x%zx, not %p", way, i, found_count, (size_t)address,
                     found[i]);
        stack = end;
    }
    if (*stack != '\n')
        fail_msg("%s: there are more than %d frames: %.*s", way, found_count,
                 (int)strcspn(stack, "\n"), stack);
}

static void each_way_has_its_stack(void **state)
{
    static const struct {
        const char *name;
        void (*way)(size_t size);
        bool is_taken_once;
    } ways[] = {
        {"plain", way_plain, false},     {"deep", way_deep, false},  {"alloca", way_alloca, false},
        {"aligned", way_aligned, false}, {"qsort", way_qsort, true}, {"signal", way_signal, false},
        {"thread", way_thread, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        size_t size = 10007 + 2 * i;
        size_t times = ways[i].is_taken_once ? 1 : TIMES;
        const char *stack;
        char *text;

        /* It reports any allocation in a handler. */
        if (UNDER_THREAD_SANITIZER && ways[i].way == way_signal)
            continue;
        /* Volatile: an unrolled loop would call from several places. */
        for (volatile size_t time = 0; time < TIMES; time++)
            ways[i].way(size);
        text = heap_profile();
        stack = stack_of(text, times, size);
        if (stack == NULL)
            fail_msg("%s: %zu blocks do not have one stack:\n%s", ways[i].name, times, text);
        assert_same_stack(ways[i].name, stack);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_has_its_stack),
    };

    if (zmalloc_sample_start(1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
