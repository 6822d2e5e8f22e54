/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program that knows nothing of zmalloc, with libzmalloc-preload.so: the functions behave as those
 * of its C library, and the suite's backend serves them. It is compiled with -fno-builtin, or the
 * compiler would answer in their place.
 */

#include "preload_support.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Newer than some C libraries that we run on, or older: they may only have them from us. */
void free_sized(void *ptr, size_t size) __attribute__((weak));
void free_aligned_sized(void *ptr, size_t alignment, size_t size) __attribute__((weak));
void cfree(void *ptr) __attribute__((weak));

/* Volatile, or the compiler warns. */
static volatile size_t too_large = (size_t)PTRDIFF_MAX + 1;
static volatile size_t most = SIZE_MAX;
static volatile size_t odd = 24; /* as an alignment */

static bool is_aligned(const void *ptr, size_t alignment)
{
    return (uintptr_t)ptr % alignment == 0;
}

/* With each byte written, and its usable size no smaller. */
static void *used(void *ptr, size_t size)
{
    assert_non_null(ptr);
    memset(ptr, 0x5a, size);
    assert_true(malloc_usable_size(ptr) >= size);
    return ptr;
}

static void the_suites_backend_serves(void **state)
{
    (void)state;
    assert_string_equal(active_backend(), getenv("ZMALLOC_BACKEND"));
}

static void every_block_is_counted(void **state)
{
    size_t before = used_memory();
    void *blocks[100];

    (void)state;
    for (size_t i = 0; i < 100; i++)
        blocks[i] = used(malloc(5000), 5000);
    assert_true(used_memory() >= before + 100 * 5000);
    for (size_t i = 0; i < 100; i++)
        free(blocks[i]);
    assert_int_equal(used_memory(), before);
}

static void no_size_gives_a_block(void **state)
{
    void *first = malloc(0);
    void *second = malloc(0);

    (void)state;
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    free(first);
    free(second);
    free(calloc(0, 8));
    free(NULL);
}

static void calloc_zeroes(void **state)
{
    (void)state;
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        char *block = used(malloc(size), size);
        char *zeroed;

        free(block);
        zeroed = calloc(size, 1);
        assert_non_null(zeroed);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(zeroed[i], 0);
        free(zeroed);
    }
}

#define FAILS(call)                                                                                \
    do {                                                                                           \
        errno = 0;                                                                                 \
        assert_null(call);                                                                         \
        assert_int_equal(errno, ENOMEM);                                                           \
    } while (0)

static void what_cannot_be_had_is_refused(void **state)
{
    void *ptr = NULL;

    (void)state;
    FAILS(malloc(too_large));
    FAILS(malloc(most));
    FAILS(calloc(most / 2, 4));
    FAILS(reallocarray(NULL, most / 2, 4));
    FAILS(aligned_alloc(64, too_large));
    FAILS(aligned_alloc(64, most - 64));
    FAILS(memalign(64, most - 8));
    FAILS(valloc(most - 8));
#ifdef __GLIBC__
    FAILS(pvalloc(most - 8));
#endif
    errno = 7;
    assert_int_equal(posix_memalign(&ptr, 64, most - 64), ENOMEM);
    assert_null(ptr);
    assert_int_equal(errno, 7);
}

/* Redis's zrealloc() frees it. */
static void a_block_that_cannot_grow_stays(void **state)
{
    char *volatile block = used(malloc(100), 100); /* or the compiler takes it for freed */

    (void)state;
    FAILS(realloc(block, too_large));
    FAILS(realloc(block, most));
    FAILS(reallocarray(block, most / 4, 8));
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(block[i], 0x5a);
    free(block);
}

static void realloc_keeps_what_there_was(void **state)
{
    char *block = NULL;
    size_t size = 0;

    (void)state;
    for (size_t next = 1; next < 5000000; next = next * 2 + 7) {
        block = realloc(block, next);
        assert_non_null(block);
        for (size_t i = 0; i < size; i += 97)
            assert_int_equal(block[i], 0x5a);
        used(block, next);
        size = next;
    }
    block = realloc(block, 10);
    assert_memory_equal(block, "ZZZZZZZZZZ", 10);
    free(block);
}

static void realloc_to_nothing_does_what_it_does_there(void **state)
{
    size_t before = used_memory();
    void *block = realloc(malloc(100), 0);

    (void)state;
#ifdef __GLIBC__
    assert_null(block);
    assert_int_equal(used_memory(), before);
#else
    (void)before;
    assert_non_null(block);
    free(block);
#endif
}

static void alignments_are_kept(void **state)
{
    (void)state;
    for (size_t alignment = sizeof(void *); alignment <= 65536; alignment *= 2)
        for (size_t size = 0; size < 70000; size = size * 5 + 3) {
            void *blocks[3] = {aligned_alloc(alignment, size), memalign(alignment, size)};

            assert_int_equal(posix_memalign(&blocks[2], alignment, size), 0);
            for (size_t i = 0; i < 3; i++) {
                assert_true(is_aligned(used(blocks[i], size), alignment));
                free(blocks[i]);
            }
        }
    free(used(valloc(100), 100));
    assert_true(is_aligned(malloc(100), 16));
}

static void whole_pages_are_usable(void **state)
{
#ifdef __GLIBC__
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *block = pvalloc(page + 1);

    (void)state;
    assert_true(is_aligned(used(block, 2 * page), page));
    free(block);
#else
    (void)state;
#endif
}

static void odd_alignments_are_as_odd_as_in_the_c_library(void **state)
{
    void *ptr = NULL;

    (void)state;
    assert_int_equal(posix_memalign(&ptr, odd, 8), EINVAL);
    assert_int_equal(posix_memalign(&ptr, sizeof(void *) / 2, 8), EINVAL);
    assert_int_equal(posix_memalign(&ptr, 0, 8), EINVAL);
#ifdef __GLIBC__
    ptr = memalign(odd, 100);
    assert_true(is_aligned(used(ptr, 100), 32));
    free(ptr);
    errno = 0;
    assert_null(memalign(most, 8));
    assert_int_equal(errno, EINVAL);
#else
    errno = 0;
    assert_null(aligned_alloc(odd, 100));
    assert_int_equal(errno, EINVAL);
#endif
}

/* C23 has sized frees for the allocator's sake, and programs pass sizes that are wrong. */
static void each_way_to_free_counts(void **state)
{
    size_t before = used_memory();

    (void)state;
    free_sized(malloc(100), 100);
    free_sized(NULL, 100);
    free_aligned_sized(aligned_alloc(64, 128), 64, 128);
    cfree(malloc(10));
    assert_int_equal(used_memory(), before);
    assert_int_equal(malloc_usable_size(NULL), 0);
}

static void errno_is_kept(void **state)
{
    void *blocks[200];

    (void)state;
    for (size_t i = 0; i < 200; i++)
        blocks[i] = used(malloc(i * 4000), i * 4000);
    errno = 7;
    for (size_t i = 0; i < 200; i++)
        free(blocks[i]);
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    assert_int_equal(errno, 7);
}

#ifdef __GLIBC__

/* They are the C library's own if it is the backend, and the backend's otherwise. */
static void the_c_librarys_figures_are_honest(void **state)
{
    void *block = used(malloc(1 << 20), 1 << 20);
    struct mallinfo2 info = mallinfo2();

    (void)state;
    assert_true(info.uordblks + info.hblkhd >= 1 << 20);
    assert_true(info.arena + info.hblkhd >= info.uordblks);
    free(block);
}

static void settings_are_the_c_librarys_own(void **state)
{
    (void)state;
    assert_int_equal(mallopt(M_MMAP_THRESHOLD, 128 << 10), is_on_c_library());
}

static void figures_are_written(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    (void)state;
    assert_non_null(stream);
    assert_int_equal(malloc_info(0, stream), 0);
    assert_int_equal(malloc_info(1, stream), EINVAL);
    fclose(stream);
    assert_memory_equal(text, "<malloc version=\"1\">\n", 21);
    assert_non_null(strstr(text, "<system type=\"current\" size=\""));
    free(text);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_suites_backend_serves),
        cmocka_unit_test(every_block_is_counted),
        cmocka_unit_test(no_size_gives_a_block),
        cmocka_unit_test(calloc_zeroes),
        cmocka_unit_test(what_cannot_be_had_is_refused),
        cmocka_unit_test(a_block_that_cannot_grow_stays),
        cmocka_unit_test(realloc_keeps_what_there_was),
        cmocka_unit_test(realloc_to_nothing_does_what_it_does_there),
        cmocka_unit_test(alignments_are_kept),
        cmocka_unit_test(whole_pages_are_usable),
        cmocka_unit_test(odd_alignments_are_as_odd_as_in_the_c_library),
        cmocka_unit_test(each_way_to_free_counts),
        cmocka_unit_test(errno_is_kept),
#ifdef __GLIBC__
        cmocka_unit_test(the_c_librarys_figures_are_honest),
        cmocka_unit_test(settings_are_the_c_librarys_own),
        cmocka_unit_test(figures_are_written),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
