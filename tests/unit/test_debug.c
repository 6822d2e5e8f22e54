/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The layer debug with its default options: every misuse ends the process with one line that says
 * what and where, over every backend, and in a forked child. What is tried here is out of bounds on
 * purpose.
 */

#include "api.h"
#include "debug_lines.h"
#include "uses.h"
#include "zmalloc_zone.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STATUS_ALLOCATION 8
#define FILL_NEW 0xcd
#define CANARY 32
#define ALIGNMENT 4096

/* ---- Blocks, each from a function that a trace can lead to: its call is not its last act ---- */

/* gcc 14 warns of a size that it sees to be 0. */
static volatile size_t no_size = 0;

static __attribute__((noinline)) void *from_zmalloc(void)
{
    void *volatile block = zmalloc(SIZE);

    return block;
}

static __attribute__((noinline)) void *from_zcalloc_num(void)
{
    void *volatile block = zcalloc_num(SIZE / 10, 10);

    return block;
}

static __attribute__((noinline)) void *from_zrealloc(void)
{
    void *volatile block = zrealloc(zmalloc(1), SIZE);

    return block;
}

static __attribute__((noinline)) void *from_aligned(void)
{
    void *volatile block = zmalloc_aligned(ALIGNMENT, SIZE);

    return block;
}

static void *(*const sources[])(void) = {from_zmalloc, from_zcalloc_num, from_zrealloc,
                                         from_aligned};
#define SOURCES (sizeof sources / sizeof *sources)

/* ---- In a child ---- */

struct attempt {
    const struct use *use;
    char *ptr;
    void (*prepare)(struct attempt *attempt);
    ptrdiff_t at; /* of the byte that is written */
    char byte;
};

static void try_it(void *argument)
{
    struct attempt *attempt = argument;
    struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    if (attempt->prepare != NULL)
        attempt->prepare(attempt);
    attempt->use->call(attempt->ptr);
    ignored = 0;
}

static void write_byte(struct attempt *attempt)
{
    ((volatile char *)attempt->ptr)[attempt->at] = attempt->byte;
}

static void free_it(struct attempt *attempt)
{
    zfree(attempt->ptr);
}

static __attribute__((noinline)) void free_here(struct attempt *attempt)
{
    zfree(attempt->ptr);
    ignored = 0;
}

/* ---- Damage ---- */

static void dies_of_byte(struct attempt attempt, const char *what)
{
    struct outcome outcome;

    attempt.prepare = write_byte;
    outcome = run_child(try_it, &attempt);
    assert_told(&outcome, "%s %p: %s is 0x%x; block of %zu bytes, allocated at ", attempt.use->name,
                (void *)attempt.ptr, what, (unsigned char)attempt.byte, SIZE);
}

static void one_byte_is_found_by_every_use(void **state)
{
    const char bytes[] = {0, 1, 'A', '~', (char)0xff};

    (void)state;
    for (size_t use = 0; use < USES; use++) {
        struct attempt attempt = {.use = &uses[use], .ptr = from_zmalloc()};

        for (size_t i = 0; i < sizeof bytes; i++) {
            attempt.byte = bytes[i];
            attempt.at = SIZE;
            dies_of_byte(attempt, "overflow: byte 1 past its end");
            attempt.at = -1;
            dies_of_byte(attempt, "underflow: byte 1 before its start");
        }
        zfree(attempt.ptr);
    }
}

static void every_byte_nearby_is_found(void **state)
{
    struct attempt attempt = {.use = &uses[0], .ptr = from_zmalloc(), .byte = 'x'};
    char what[64];

    (void)state;
    for (int i = 1; i <= CANARY; i++) {
        attempt.at = (ptrdiff_t)SIZE - 1 + i;
        snprintf(what, sizeof what, "overflow: byte %d past its end", i);
        dies_of_byte(attempt, what);
        attempt.at = -i;
        snprintf(what, sizeof what, "underflow: byte %d before its start", i);
        dies_of_byte(attempt, what);
    }
    zfree(attempt.ptr);
}

/* Back to where its memory begins. */
static void all_before_an_aligned_block_is_guarded(void **state)
{
    struct attempt attempt = {.use = &uses[0], .ptr = from_aligned(), .byte = 'x'};
    const int distances[] = {1, CANARY, CANARY + 1, 1000, ALIGNMENT - 1, ALIGNMENT};
    char what[64];

    (void)state;
    for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
        attempt.at = -distances[i];
        snprintf(what, sizeof what, "underflow: byte %d before its start", distances[i]);
        dies_of_byte(attempt, what);
    }
    zfree(attempt.ptr);
}

/* The backend's message would show an address that the program never had. */
static void a_write_into_the_prefix_of_the_backend_is_told(void **state)
{
    char what[64];

    (void)state;
    if (strcmp(name_without_layers(), "libc") != 0) {
        print_message("skipped: the backend has no prefix\n");
        skip();
    }
    for (size_t use = 0; use < USES; use++) {
        struct attempt attempt = {.use = &uses[use], .ptr = from_zmalloc()};

        for (int i = CANARY + 1; i <= CANARY + 16; i++) {
            attempt.at = -i;
            attempt.byte = (char)~((volatile char *)attempt.ptr)[attempt.at];
            snprintf(what, sizeof what, "underflow: byte %d before its start", i);
            dies_of_byte(attempt, what);
        }
        zfree(attempt.ptr);
    }
}

static void blocks_of_every_function_are_guarded(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCES; i++) {
        struct attempt attempt = {.use = &uses[0], .ptr = sources[i](), .byte = 'y'};

        attempt.at = SIZE;
        dies_of_byte(attempt, "overflow: byte 1 past its end");
        attempt.at = -1;
        dies_of_byte(attempt, "underflow: byte 1 before its start");
        zfree(attempt.ptr);
    }
}

static void dies_of_end_byte(const struct allocating_function *function, size_t size)
{
    struct attempt attempt = {.use = &uses[0], .prepare = write_byte, .at = (ptrdiff_t)size};
    struct outcome outcome;
    size_t usable;

    attempt.ptr = function->call(NULL, size, &usable);
    assert_int_equal(zmalloc_usable_size(attempt.ptr), size);
    outcome = run_child(try_it, &attempt);
    assert_told(&outcome, "free of %p: overflow: byte 1 past its end is 0x0; block of %zu bytes, ",
                (void *)attempt.ptr, size);
    zfree(attempt.ptr);
}

/* The end of a block is where the request ended, for every size. */
static void the_last_byte_is_that_of_the_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++)
        for (size_t size = 1; size < 70; size += 9)
            dies_of_end_byte(&allocating_functions[i], size);
}

/* ---- Blocks of no size: what they count as is the caller's who asks for it ---- */

static void *nothing_from_zmalloc(void)
{
    return zmalloc(0);
}

static void *nothing_from_zcalloc(void)
{
    return zcalloc(0);
}

static void *nothing_from_zcalloc_num(void)
{
    return zcalloc_num(0, SIZE);
}

static void *nothing_from_zrealloc(void)
{
    return zrealloc(NULL, 0);
}

static void *nothing_from_aligned(void)
{
    return zmalloc_aligned(64, 0);
}

static const struct source_of_nothing {
    void *(*call)(void);
    unsigned char contents;
} sources_of_nothing[] = {
    {nothing_from_zmalloc, FILL_NEW}, {nothing_from_zcalloc, 0},
    {nothing_from_zcalloc_num, 0},    {nothing_from_zrealloc, FILL_NEW},
    {nothing_from_aligned, FILL_NEW},
};
#define SOURCES_OF_NOTHING (sizeof sources_of_nothing / sizeof *sources_of_nothing)

static void dies_behind(char *ptr, size_t size, ptrdiff_t at)
{
    for (size_t i = 0; i < USES; i++) {
        struct attempt attempt = {
            .use = &uses[i], .ptr = ptr, .prepare = write_byte, .at = at, .byte = 'z'};
        struct outcome outcome = run_child(try_it, &attempt);

        assert_told(&outcome, "%s %p: overflow: byte %d past its end is 0x7a; block of %zu bytes, ",
                    uses[i].name, (void *)ptr, (int)(at - (ptrdiff_t)size) + 1, size);
    }
}

static void a_block_of_no_size_has_no_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCES_OF_NOTHING; i++) {
        char *ptr = sources_of_nothing[i].call();

        assert_int_equal(zmalloc_used_memory(), sizeof(long));
        dies_behind(ptr, 0, 0);
        dies_behind(ptr, 0, sizeof(long) - 1);
        dies_behind(ptr, 0, sizeof(long) + CANARY - 1);
        zfree(ptr);
    }
}

static void whoever_asks_how_much_is_usable_may_use_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCES_OF_NOTHING; i++) {
        char *ptr = sources_of_nothing[i].call();

        assert_int_equal(zmalloc_usable_size(ptr), sizeof(long));
        assert_true(is_all(ptr, sizeof(long), sources_of_nothing[i].contents));
        memset(ptr, 'a', sizeof(long));
        assert_int_equal(zmalloc_usable_size(ptr), sizeof(long));
        dies_behind(ptr, sizeof(long), sizeof(long));
        ptr = zrealloc(ptr, SIZE);
        assert_true(is_all(ptr, sizeof(long), 'a'));
        zfree(ptr);
    }
}

static void the_usable_family_gives_what_it_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < allocating_function_count; i++) {
        const struct allocating_function *function = &allocating_functions[i];
        size_t usable = 0;
        char *ptr = function->call(NULL, 0, &usable);

        if (function->tells_usable) {
            assert_int_equal(usable, sizeof(long));
            memset(ptr, 'a', usable);
            dies_behind(ptr, usable, sizeof(long));
        }
        zfree_with_size(ptr, 0);
    }
}

#define BLOCKS 1000
static char *blocks[BLOCKS];

static void *ask_for_sizes(void *argument)
{
    for (size_t i = 0; i < BLOCKS; i++)
        child_check(zmalloc_usable_size(blocks[i]) == sizeof(long));
    return argument;
}

static void threads_may_ask_for_one_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = zmalloc(no_size);
    run_threads(4, ask_for_sizes, NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        zfree(blocks[i]);
}

/* ---- Wrong sizes ---- */

static void free_with_wrong_size(void *argument)
{
    struct attempt *attempt = argument;

    zfree_with_size(attempt->ptr, (size_t)attempt->at);
}

static void a_wrong_size_is_told(void **state)
{
    const size_t sizes[] = {0, 1, SIZE - 1, SIZE + 1, SIZE * 2, SIZE_MAX};
    struct attempt attempt = {.ptr = from_zmalloc()};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct outcome outcome;

        attempt.at = (ptrdiff_t)sizes[i];
        outcome = run_child(free_with_wrong_size, &attempt);
        assert_told(&outcome, "free of %p: wrong size: %zu given; block of %zu bytes, ",
                    (void *)attempt.ptr, sizes[i], SIZE);
    }
    zfree_with_size(attempt.ptr, SIZE);
    for (size_t size = 0; size <= sizeof(long); size++)
        zfree_with_size(zmalloc(0), size);
}

static void a_wrong_size_of_a_small_block_is_told(void **state)
{
    struct attempt attempt = {.ptr = zmalloc(sizeof(long))};
    struct outcome outcome;

    (void)state;
    for (attempt.at = 0; attempt.at < (ptrdiff_t)sizeof(long); attempt.at++) {
        outcome = run_child(free_with_wrong_size, &attempt);
        assert_told(&outcome, "free of %p: wrong size: %d given; block of %zu bytes, ",
                    (void *)attempt.ptr, (int)attempt.at, sizeof(long));
    }
    zfree(attempt.ptr);
    attempt.ptr = zmalloc(no_size);
    attempt.at = sizeof(long) + 1;
    outcome = run_child(free_with_wrong_size, &attempt);
    assert_told(&outcome, "free of %p: wrong size: %d given; block of 0 bytes, ",
                (void *)attempt.ptr, (int)attempt.at);
    zfree(attempt.ptr);
}

/* ---- Pointers that are no live blocks ---- */

static void a_block_freed_before_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < USES; i++) {
        struct attempt attempt = {
            .use = &uses[i], .ptr = sources[i % SOURCES](), .prepare = free_it};
        struct outcome outcome = run_child(try_it, &attempt);

        assert_told(&outcome, "%s %p: it was freed before; block of %zu bytes, allocated at ",
                    uses[i].name, (void *)attempt.ptr, SIZE);
        zfree(attempt.ptr);
    }
}

static void move_it(struct attempt *attempt)
{
    ignored = zmalloc_size(zrealloc(attempt->ptr, SIZE));
}

/* Even where it would have had room to stay. */
static void a_block_that_was_reallocated_is_gone(void **state)
{
    struct attempt attempt = {.use = &uses[0], .ptr = from_zmalloc(), .prepare = move_it};
    struct outcome outcome = run_child(try_it, &attempt);

    (void)state;
    assert_told(&outcome, "free of %p: it was freed before; block of 100 bytes, ",
                (void *)attempt.ptr);
    zfree(attempt.ptr);
}

static void dies_as_no_block(void *ptr, const char *but)
{
    for (size_t i = 0; i < USES; i++) {
        struct attempt attempt = {.use = &uses[i], .ptr = ptr};
        struct outcome outcome = run_child(try_it, &attempt);

        assert_told(&outcome, "%s %p: not a block of zmalloc%s%s; now at ", uses[i].name, ptr, but,
                    (uintptr_t)ptr % 16 != 0 ? ", misaligned" : "");
    }
}

static void a_pointer_next_to_null_is_told(void **state)
{
    (void)state;
    dies_as_no_block((void *)1, " but next to NULL");
    dies_as_no_block((void *)4080, " but next to NULL");
}

static void a_pointer_to_the_stack_is_told(void **state)
{
    long local[16] = {3};

    (void)state;
    skip_without_call_stacks();
    dies_as_no_block(&local[8], " but on the stack");
    dies_as_no_block((char *)&local[8] + 1, " but on the stack");
}

static long global[16] __attribute__((aligned(16))) = {1};

static void a_pointer_to_a_variable_is_told(void **state)
{
    struct attempt attempt = {.use = &uses[0], .ptr = (char *)&global[8]};
    struct outcome outcome = run_child(try_it, &attempt);

    (void)state;
    assert_told(&outcome, "free of %p: not a block of zmalloc but in test-debug+0x",
                (void *)attempt.ptr);
    attempt.ptr = (char *)(uintptr_t)a_pointer_next_to_null_is_told;
    outcome = run_child(try_it, &attempt);
    assert_told(&outcome, "free of %p: not a block of zmalloc but in test-debug+0x",
                (void *)attempt.ptr);
}

/* Nothing is there to look at. */
static void a_wild_pointer_is_told(void **state)
{
    void *foreign = malloc(SIZE);

    (void)state;
    dies_as_no_block(foreign, "");
    free(foreign);
    dies_as_no_block((void *)(UINTPTR_MAX - 15), "");
    dies_as_no_block((void *)(UINTPTR_MAX / 2 + 16), "");
}

static void dies_as_part_of(char *block, size_t offset)
{
    for (size_t i = 0; i < USES; i++) {
        struct attempt attempt = {.use = &uses[i], .ptr = block + offset};
        struct outcome outcome = run_child(try_it, &attempt);

        assert_told(&outcome, "%s %p: byte %zu of a block, not its start %p; block of %zu bytes, ",
                    uses[i].name, (void *)attempt.ptr, offset, (void *)block, SIZE);
    }
}

static void a_pointer_into_a_block_is_told(void **state)
{
    char *block = from_zmalloc();

    (void)state;
    dies_as_part_of(block, 1);
    dies_as_part_of(block, 16);
    dies_as_part_of(block, SIZE - 1);
    dies_as_part_of(block, SIZE);
    zfree(block);
}

static void a_pointer_before_a_block_is_told(void **state)
{
    char *block = from_zmalloc();

    (void)state;
    for (ptrdiff_t distance = 1; distance <= CANARY; distance += 7) {
        struct attempt attempt = {.use = &uses[0], .ptr = block - distance};
        struct outcome outcome = run_child(try_it, &attempt);

        assert_told(&outcome, "free of %p: byte %d before a block, not its start %p; block of ",
                    (void *)attempt.ptr, (int)distance, (void *)block);
    }
    zfree(block);
}

/* ---- Where ---- */

static void the_line_tells_where(void **state)
{
    (void)state;
    skip_without_call_stacks();
    for (size_t i = 0; i < SOURCES; i++) {
        struct attempt attempt = {.use = &uses[0], .ptr = sources[i](), .prepare = free_here};
        struct outcome outcome = run_child(try_it, &attempt);

        assert_killed_by(&outcome, SIGABRT);
        assert_true(
            trace_leads_to(outcome.err, "allocated at", (void (*)(void))(uintptr_t)sources[i]));
        assert_true(trace_leads_to(outcome.err, "freed at", (void (*)(void))(uintptr_t)free_here));
        assert_true(trace_leads_to(outcome.err, "now at", (void (*)(void))(uintptr_t)try_it));
        zfree(attempt.ptr);
    }
}

/* ---- Contents ---- */

static void new_memory_is_filled(void **state)
{
    char *block = zmalloc(SIZE);

    (void)state;
    assert_true(is_all(block, SIZE, FILL_NEW));
    memset(block, 1, SIZE);
    block = zrealloc(block, 2 * SIZE);
    assert_true(is_all(block, SIZE, 1));
    assert_true(is_all(block + SIZE, SIZE, FILL_NEW));
    zfree(block);
    block = zmalloc_aligned(64, SIZE);
    assert_true(is_all(block, SIZE, FILL_NEW));
    zfree(block);
}

/* The last pages of the address space belong to nobody: no request may wrap around it. */
static void sizes_at_the_limit_fail(void **state)
{
    volatile size_t largest_alignment = SIZE_MAX / 4 + 1; /* hidden from the compiler */

    (void)state;
    for (size_t less = 1; less <= 8192; less += less < 64 ? 1 : 64) {
        assert_null(ztrymalloc(SIZE_MAX / 2 - less));
        assert_null(ztrycalloc(SIZE_MAX / 2 - less));
        assert_null(ztrymalloc_aligned(16, SIZE_MAX / 2 - 16 - less));
        assert_null(ztrymalloc_aligned(largest_alignment, SIZE_MAX / 4 - less));
    }
}

/* ---- Dying does not allocate ---- */

#if defined(__GLIBC__) && !UNDER_SANITIZER

#include <malloc.h>

extern void *__libc_malloc(size_t size);

static size_t mallocs;

void *malloc(size_t size)
{
    mallocs++;
    return __libc_malloc(size);
}

/* The backend native starts only over a malloc with its own size query. */
size_t malloc_usable_size(void *ptr)
{
    static size_t (*real)(void *ptr);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "malloc_usable_size");
    return real(ptr);
}

static void look_at_mallocs(int number)
{
    if (mallocs > 0)
        _exit(STATUS_ALLOCATION);
    signal(number, SIG_DFL);
}

static void watch_malloc(struct attempt *attempt)
{
    if (attempt->at != 0)
        write_byte(attempt);
    else
        zfree(attempt->ptr);
    signal(SIGABRT, look_at_mallocs);
    mallocs = 0;
}

static void dies_without_memory(char *ptr, ptrdiff_t at)
{
    struct attempt attempt = {.use = &uses[0], .ptr = ptr, .prepare = watch_malloc, .at = at};
    struct outcome outcome = run_child(try_it, &attempt);

    assert_killed_by(&outcome, SIGABRT);
}

static void dying_needs_no_memory(void **state)
{
    char *block = from_zmalloc();

    (void)state;
    assert_non_null(strdup(""));
    assert_true(mallocs > 0);
    dies_without_memory(block, 0);
    dies_without_memory(block, SIZE);
    dies_without_memory((char *)global, 8);
    zfree(block);
}

#else

static void dying_needs_no_memory(void **state)
{
    (void)state;
    print_message("skipped: malloc cannot be counted here\n");
    skip();
}

#endif

/* ---- Zones ---- */

static struct zmalloc_zone *ours;
static struct zmalloc_zone *theirs;

struct mistake {
    void (*make)(void *block);
    const char *line;
};

static void free_without(void *block)
{
    zfree(block);
}

static void free_with_another(void *block)
{
    zfree_in(theirs, block);
}

static void resize_without(void *block)
{
    zfree(zrealloc(block, 200));
}

static void resize_with_another(void *block)
{
    zfree(zrealloc_in(theirs, block, 200));
}

static void make_mistake(void *argument)
{
    const struct mistake *mistake = argument;

    ours = zmalloc_zone_create("ours", NULL);
    theirs = zmalloc_zone_create("theirs", NULL);
    mistake->make(zmalloc_in(ours, 100));
}

static void a_block_must_be_given_its_zone(void **state)
{
    static const struct mistake mistakes[] = {
        {free_without,
         ": wrong zone: it is in the zone \"ours\", given was no zone; block of 100 "},
        {free_with_another,
         ": wrong zone: it is in the zone \"ours\", given was the zone \"theirs\"; block of 100 "},
        {resize_without,
         ": wrong zone: it is in the zone \"ours\", given was no zone; block of 100 "},
        {resize_with_another,
         ": wrong zone: it is in the zone \"ours\", given was the zone \"theirs\"; block of 100 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct mistake mistake = mistakes[i];
        struct outcome outcome = run_child(make_mistake, &mistake);

        assert_killed_by(&outcome, SIGABRT);
        assert_non_null(strstr(outcome.err, mistake.line));
    }
}

static void free_in_a_zone_without_one(void *argument)
{
    ours = zmalloc_zone_create("ours", NULL);
    zfree_in(ours, zmalloc(*(const size_t *)argument));
}

static void a_block_of_no_zone_is_in_none(void **state)
{
    size_t size = 100;
    struct outcome outcome = run_child(free_in_a_zone_without_one, &size);

    (void)state;
    assert_killed_by(&outcome, SIGABRT);
    assert_non_null(
        strstr(outcome.err, ": wrong zone: it is in no zone, given was the zone \"ours\"; "));
}

static void use_after_destroying(void *argument)
{
    ours = zmalloc_zone_create("ours", NULL);
    zfree_in(ours, zmalloc_in(ours, 100));
    child_check(zmalloc_zone_destroy(ours, NULL) == 0);
    if (argument != NULL)
        zfree(zmalloc_aligned_in(ours, 64, 100));
    zfree(zmalloc_in(ours, 100));
}

static void a_destroyed_zone_is_not_used(void **state)
{
    (void)state;
    for (int aligned = 0; aligned < 2; aligned++) {
        struct outcome outcome = run_child(use_after_destroying, aligned ? &ours : NULL);

        assert_killed_by(&outcome, SIGABRT);
        assert_non_null(strstr(outcome.err, "zmalloc: debug: the zone \"ours\" was destroyed"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(one_byte_is_found_by_every_use),
        zm_test(every_byte_nearby_is_found),
        zm_test(all_before_an_aligned_block_is_guarded),
        zm_test(a_write_into_the_prefix_of_the_backend_is_told),
        zm_test(blocks_of_every_function_are_guarded),
        zm_test(the_last_byte_is_that_of_the_request),
        zm_test(a_block_of_no_size_has_no_bytes),
        zm_test(whoever_asks_how_much_is_usable_may_use_it),
        zm_test(the_usable_family_gives_what_it_tells),
        zm_test(threads_may_ask_for_one_size),
        zm_test(a_wrong_size_is_told),
        zm_test(a_wrong_size_of_a_small_block_is_told),
        zm_test(a_block_freed_before_is_told),
        zm_test(a_block_that_was_reallocated_is_gone),
        zm_test(a_pointer_next_to_null_is_told),
        zm_test(a_pointer_to_the_stack_is_told),
        zm_test(a_pointer_to_a_variable_is_told),
        zm_test(a_wild_pointer_is_told),
        zm_test(a_pointer_into_a_block_is_told),
        zm_test(a_pointer_before_a_block_is_told),
        zm_test(the_line_tells_where),
        zm_test(new_memory_is_filled),
        zm_test(sizes_at_the_limit_fail),
        zm_test(dying_needs_no_memory),
        zm_test(a_block_must_be_given_its_zone),
        zm_test(a_block_of_no_zone_is_in_none),
        zm_test(a_destroyed_zone_is_not_used),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
