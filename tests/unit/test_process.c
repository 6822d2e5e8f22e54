/* SPDX-License-Identifier: BSD-3-Clause */

/* What the system reports about the process, and what is done to pages. */

#include "support.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define BIG (64 * MIB)
/* Room for what else may come and go meanwhile; sanitizers also keep shadow memory for all
 * pages. */
#define SLACK (8 * MIB)
#define SHADOWS (UNDER_THREAD_SANITIZER ? 8 * BIG : UNDER_ADDRESS_SANITIZER ? BIG / 8 : 0)

static void *touched_pages(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(pages != MAP_FAILED);
    memset(pages, 1, size);
    return pages;
}

static void assert_near(size_t value, size_t expected)
{
    assert_between(value + SLACK, expected, expected + 2 * SLACK + SHADOWS);
}

/* ---- Figures ---- */

static void rss_grows_with_touched_pages(void **state)
{
    size_t before = zmalloc_get_rss();
    void *pages = touched_pages(BIG);

    (void)state;
    skip_under_emulator("shows a /proc of its own");
    assert_true(before > 0);
    assert_near(zmalloc_get_rss(), before + BIG);
    munmap(pages, BIG);
    assert_near(zmalloc_get_rss(), before);
}

static void smaps_agree_with_rss(void **state)
{
    size_t dirty = zmalloc_get_private_dirty(-1);
    void *pages = touched_pages(BIG);
    size_t resident = zmalloc_get_smap_bytes_by_field("Rss:", -1);

    (void)state;
    skip_under_emulator("shows a /proc of its own");
    assert_near(resident, zmalloc_get_rss());
    assert_near(zmalloc_get_smap_bytes_by_field("Rss:", getpid()), resident);
    assert_near(zmalloc_get_private_dirty(-1), dirty + BIG);
    assert_near(zmalloc_get_smap_bytes_by_field("Private_Dirty:", -1), dirty + BIG);
    assert_true(zmalloc_get_smap_bytes_by_field("Size:", -1) >= resident);
    munmap(pages, BIG);
}

static void what_does_not_exist_is_zero(void **state)
{
    (void)state;
    assert_int_equal(zmalloc_get_smap_bytes_by_field("No_such_field:", -1), 0);
    assert_int_equal(zmalloc_get_smap_bytes_by_field("Rss:", INT32_MAX), 0);
    assert_int_equal(zmalloc_get_smap_bytes_by_field("Rss:", 0), 0);
    assert_int_equal(zmalloc_get_private_dirty(INT32_MAX), 0);
}

/* The name in the second field may contain anything, even the end of that field. */
static void fields_of_stat_are_counted_as_proc_does(void **state)
{
    long long value = 7;
    char name[17] = "";

    (void)state;
    skip_under_emulator("shows a /proc of its own");
    assert_int_equal(prctl(PR_GET_NAME, name), 0);
    assert_int_equal(prctl(PR_SET_NAME, "x) R 1 ((2 3"), 0);
    assert_int_equal(zmalloc_get_proc_stat(4, &value), 0);
    assert_int_equal(value, getppid());
    assert_int_equal(zmalloc_get_proc_stat(5, &value), 0);
    assert_int_equal(value, getpgrp());
    assert_int_equal(zmalloc_get_proc_stat(24, &value), 0);
    assert_near((size_t)value * (size_t)sysconf(_SC_PAGESIZE), zmalloc_get_rss());
    assert_int_equal(prctl(PR_SET_NAME, name), 0);
}

static void a_field_that_is_no_number_is_an_error(void **state)
{
    const int fields[] = {INT_MIN, -1, 0, 1, 2, 3, 53, 1000, INT_MAX};
    long long value = 7;

    (void)state;
    skip_under_emulator("shows a /proc of its own");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        errno = 0;
        assert_int_equal(zmalloc_get_proc_stat(fields[i], &value), -1);
        assert_int_equal(errno, ENOENT);
    }
    assert_int_equal(value, 7);
}

/* Touches pages, says so through its end of the pipe, and waits. */
static pid_t start_toucher(int write_end)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    alarm(60);
    touched_pages(BIG);
    if (write(write_end, "x", 1) == 1)
        for (;;)
            pause();
    _exit(1);
}

static void other_processes_can_be_asked(void **state)
{
    int ends[2];
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid = start_toucher(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_true(zmalloc_get_private_dirty(pid) >= BIG);
    assert_true(zmalloc_get_smap_bytes_by_field("Rss:", pid) >= BIG);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(zmalloc_get_private_dirty(pid), 0);
    close(ends[0]);
    close(ends[1]);
}

static void memory_size_is_the_systems(void **state)
{
    uint64_t expected = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    (void)state;
    assert_true(expected > 0);
    assert_int_equal(zmalloc_get_memory_size(), expected < SIZE_MAX ? expected : SIZE_MAX);
}

/* ---- Pages and the C library's blocks ---- */

/* The file is this program: its first line is longer than getline's first guess. */
static void libc_free_takes_libc_blocks(void **state)
{
    FILE *file = fopen("/proc/self/exe", "r");
    char *line = NULL;
    size_t size = 0;

    (void)state;
    assert_non_null(file);
    assert_true(getline(&line, &size, file) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(zmalloc_used_memory(), 0);
    zlibc_free(line);
    zlibc_free(NULL);
    zlibc_trim();
    assert_int_equal(zmalloc_used_memory(), 0);
}

static void dontneed_gives_pages_back(void **state)
{
    unsigned char *block;
    size_t used;
    size_t before;

    (void)state;
    skip_under_emulator("shows a /proc of its own");
    block = zmalloc(BIG);
    used = zmalloc_used_memory();
    memset(block, 1, BIG);
    before = zmalloc_get_rss();
    zmadvise_dontneed(block);
    assert_near(zmalloc_get_rss() + BIG, before);
    assert_int_equal(zmalloc_used_memory(), used);
    assert_true(zmalloc_usable_size(block) >= BIG);
    stamp(block, BIG, 3);
    assert_true(has_stamp(block, BIG, 3));
    zfree(block);
}

/* The system's zero pages must not be mistaken for the allocator's. */
static void a_block_is_whole_after_dontneed(void **state)
{
    (void)state;
    for (size_t size = 100; size < 3 * MIB; size = size * 5 / 2) {
        unsigned char *block = zmalloc(size);

        stamp(block, size, 1);
        zmadvise_dontneed(block);
        stamp(block, size, 2);
        block = zrealloc(block, size * 2);
        assert_true(has_stamp(block, size, 2));
        zfree(block);
        block = zcalloc(size);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(block[i], 0);
        zfree(block);
    }
}

#define NEIGHBOURS 50

static void dontneed_leaves_others_alone(void **state)
{
    unsigned char *blocks[NEIGHBOURS];
    size_t size;

    (void)state;
    for (size = 10; size < 100000; size = size * 7 / 2) {
        for (unsigned i = 0; i < NEIGHBOURS; i++) {
            blocks[i] = zmalloc(size);
            stamp(blocks[i], size, i);
        }
        for (unsigned i = 0; i < NEIGHBOURS; i += 2)
            zmadvise_dontneed(blocks[i]);
        for (unsigned i = 1; i < NEIGHBOURS; i += 2)
            assert_true(has_stamp(blocks[i], size, i));
        for (unsigned i = 0; i < NEIGHBOURS; i++)
            zfree(blocks[i]);
    }
}

static void small_blocks_keep_their_contents(void **state)
{
    (void)state;
    for (size_t size = 1; size < (size_t)sysconf(_SC_PAGESIZE) / 2; size += 97) {
        void *block = zmalloc(size);

        stamp(block, size, 9);
        zmadvise_dontneed(block);
        assert_true(has_stamp(block, size, 9));
        zfree(block);
    }
    zmadvise_dontneed(NULL);
}

static void only_whole_pages_of_a_range_are_given_back(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *block = zmalloc_aligned(page, 4 * page);

    (void)state;
    memset(block, 5, 4 * page);
    zmadvise_dontneed_range(block + 1, 3 * page - 2);
    assert_int_equal(block[page - 1], 5);
    assert_int_equal(block[page], 0);
    assert_int_equal(block[2 * page - 1], 0);
    assert_int_equal(block[2 * page], 5);
    zmadvise_dontneed_range(block + 2 * page, 0);
    zmadvise_dontneed_range(block + 2 * page + 1, page);
    assert_int_equal(block[2 * page], 5);
    zmadvise_dontneed_range(NULL, page);
    zfree(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(rss_grows_with_touched_pages),
        zm_test(smaps_agree_with_rss),
        zm_test(what_does_not_exist_is_zero),
        zm_test(fields_of_stat_are_counted_as_proc_does),
        zm_test(a_field_that_is_no_number_is_an_error),
        zm_test(other_processes_can_be_asked),
        zm_test(memory_size_is_the_systems),
        zm_test(libc_free_takes_libc_blocks),
        zm_test(dontneed_gives_pages_back),
        zm_test(a_block_is_whole_after_dontneed),
        zm_test(dontneed_leaves_others_alone),
        zm_test(small_blocks_keep_their_contents),
        zm_test(only_whole_pages_of_a_range_are_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
