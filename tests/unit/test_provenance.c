/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Where blocks come from. A backend whose version says that it is over the C library's malloc takes
 * its memory from there, and no other does. No other moves the break, which belongs to malloc. Each
 * reports what it has handed out.
 */

#include "support.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define BLOCKS 30000

static void *blocks[BLOCKS];

/* Blocks of all sizes up to 4 KiB, and some far larger: together over 60 MiB. */
static size_t size_of(size_t number)
{
    return number % 1000 == 0 ? MIB / 2 : 1 + number * 7 % 4096;
}

static void allocate_all(void)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = zmalloc(size_of(i));
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, size_of(i));
    }
}

static void free_all(void)
{
    for (size_t i = 0; i < BLOCKS; i++)
        zfree(blocks[i]);
}

/* As documented: only the C library's version, if malloc is its own. */
static bool says_it_is_over_libc(void)
{
    return strcmp(zmalloc_backend_version(), c_library_version()) == 0;
}

/* ---- The C library's own count ---- */

/* The C library counts freed blocks in a thread's cache as allocated. */
#define AT_HAND (2 * MIB)

#ifdef HAVE_MALLINFO2

static size_t libc_allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void assert_rises_with_libc(size_t before, size_t after, size_t held)
{
    if (says_it_is_over_libc())
        assert_between(after - before, held - AT_HAND, held + held / 4);
    else
        assert_true(after <= before + AT_HAND);
}

static void libc_counts_what_is_its_own(void **state)
{
    size_t before = libc_allocated();
    size_t held;

    (void)state;
    if (under_valgrind())
        skip(); /* it does not count, and there is no way to know that malloc is its own */
    allocate_all();
    held = zmalloc_used_memory();
    assert_true(held > 60 * MIB);
    assert_rises_with_libc(before, libc_allocated(), held);
    free_all();
    assert_true(libc_allocated() <= before + AT_HAND);
}

#else

static void libc_counts_what_is_its_own(void **state)
{
    (void)state;
    print_message("skipped: the C library has no mallinfo2 to count with\n");
    skip();
}

#endif

/* malloc itself still works, and its blocks are not counted as ours. */
static void malloc_is_not_counted(void **state)
{
    void *volatile block;

    (void)state;
    block = malloc(10 * MIB);
    assert_int_equal(zmalloc_used_memory(), 0);
    free(block);
}

/* ---- The break ---- */

/* Makes the allocator prefer the break to all other memory, if it has such an option. */
static void prefer_the_break(void)
{
    const char *first = "primary";

    zmalloc_backend_ctl("arena.0.dss", NULL, NULL, &first, sizeof first);
}

/* Two allocators that grow by sbrk(), each under its own lock, would get the same memory. */
static void only_malloc_moves_the_break(void **state)
{
    const char *before;

    (void)state;
    prefer_the_break();
    zfree(zmalloc(1));
    before = sbrk(0);
    allocate_all();
    if (!says_it_is_over_libc())
        assert_between((const char *)sbrk(0) - before, 0, AT_HAND);
    free_all();
}

/* ---- What the backend says of itself ---- */

struct info {
    size_t allocated, active, resident, retained, muzzy;
};

static struct info ask_info(void)
{
    struct info info = {1, 1, 1, 1, 1};

    zmalloc_get_allocator_info(&info.allocated, &info.active, &info.resident, &info.retained,
                               &info.muzzy);
    return info;
}

/* 0 is unknown. The allocator may have had this many unused bytes at hand before. */
static void assert_known_rose(size_t before, size_t after, size_t by, size_t in_hand)
{
    if (before != 0 || after != 0)
        assert_between(after - before + in_hand, by - by / 20, by + by / 2 + in_hand);
}

static void backend_has_what_it_gave(void **state)
{
    struct info before = ask_info();
    struct info after;
    size_t held;

    (void)state;
    allocate_all();
    held = zmalloc_used_memory();
    after = ask_info();
    assert_known_rose(before.allocated, after.allocated, held, 0);
    assert_known_rose(before.active, after.active, held, before.active);
    assert_known_rose(before.resident, after.resident, held, before.resident);
    free_all();
    if (before.allocated != 0)
        assert_true(ask_info().allocated <= before.allocated + MIB);
}

/* What each allocator can report correctly. */
static const struct {
    const char *backend;
    bool allocated, active, resident;
} figures[] = {
    {"libc", false, false, false},     {"native", false, false, false},
    {"jemalloc", true, true, true},    {"tcmalloc", true, true, true},
    {"mimalloc", false, false, false},
};

#define FIGURES (sizeof figures / sizeof *figures)

static void what_can_be_known_is_told(void **state)
{
    struct info info;
    size_t i = 0;

    (void)state;
    while (i < FIGURES && strcmp(figures[i].backend, name_without_layers()) != 0)
        i++;
    if (i == FIGURES) {
        print_message("skipped: there is no row of figures for this backend\n");
        skip();
    }
    allocate_all();
    info = ask_info();
    assert_int_equal(info.allocated != 0, figures[i].allocated);
    assert_int_equal(info.active != 0, figures[i].active);
    assert_int_equal(info.resident != 0, figures[i].resident);
    free_all();
}

static void any_result_may_be_left_out(void **state)
{
    size_t active = 1;
    int known = zmalloc_get_allocator_info(NULL, &active, NULL, NULL, NULL);

    (void)state;
    assert_int_equal(zmalloc_get_allocator_info(NULL, NULL, NULL, NULL, NULL), known);
    assert_true(known == 1 || active == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(only_malloc_moves_the_break), zm_test(backend_has_what_it_gave),
        zm_test(libc_counts_what_is_its_own), zm_test(malloc_is_not_counted),
        zm_test(what_can_be_known_is_told),   zm_test(any_result_may_be_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
