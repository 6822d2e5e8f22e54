/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Every usable byte may be written, and _FORTIFY_SOURCE agrees if the pointer comes from the usable
 * family or from extend_to_usable(). Compiled with _FORTIFY_SOURCE=3, so memset and its kin know
 * how large the compiler thinks a block is.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

#if !defined(_FORTIFY_SOURCE) || _FORTIFY_SOURCE < 3
#error "_FORTIFY_SOURCE=3 is what this is about"
#endif

#define LARGEST 70000

/* The compiler sees each allocation and each write together. There must be no function between
 * them. */
#define FILL(block, usable)                                                                        \
    do {                                                                                           \
        memset((block), 0xa5, (usable));                                                           \
        memmove((char *)(block) + 1, (block), (usable)-1);                                         \
        ((char *)(block))[(usable)-1] = '\0';                                                      \
    } while (0)

static void new_blocks(void **state)
{
    size_t usable;

    (void)state;
    for (size_t size = 0; size <= LARGEST; size += 1 + size / 16) {
        char *one = zmalloc_usable(size, &usable);
        char *other;

        FILL(one, usable);
        zfree(one);
        other = zcalloc_usable(size, &usable);
        FILL(other, usable);
        zfree(other);
    }
}

static void tried_blocks(void **state)
{
    size_t usable;

    (void)state;
    for (size_t size = 0; size <= LARGEST; size += 1 + size / 16) {
        char *one = ztrymalloc_usable(size, &usable);
        char *other;

        FILL(one, usable);
        zfree(one);
        other = ztrycalloc_usable(size, &usable);
        FILL(other, usable);
        zfree(other);
    }
}

static void resized_blocks(void **state)
{
    size_t usable;

    (void)state;
    for (size_t size = 1; size <= LARGEST; size += 1 + size / 16) {
        char *one = ztryrealloc_usable(zmalloc(size), size * 2 - 1, &usable);
        char *other;

        FILL(one, usable);
        zfree(one);
        other = zrealloc_usable(zmalloc(size), size / 2 + 1, &usable);
        FILL(other, usable);
        zfree(other);
    }
}

static void extended_blocks(void **state)
{
    (void)state;
    for (size_t size = 0; size <= LARGEST; size += 1 + size / 16) {
        char *block = zmalloc(size);
        size_t usable = zmalloc_usable_size(block);

        block = extend_to_usable(block, usable);
        FILL(block, usable);
        block = zrealloc(block, size + 1);
        usable = zmalloc_usable_size(block);
        block = extend_to_usable(block, usable);
        FILL(block, usable);
        zfree(block);
        block = zmalloc_aligned(64, size);
        usable = zmalloc_usable_size(block);
        block = extend_to_usable(block, usable);
        FILL(block, usable);
        zfree(block);
    }
}

/* Redis's strings do this: format into all the room there is. */
static void formatted_into_the_rest(void **state)
{
    size_t usable;
    char *block = zmalloc_usable(5, &usable);

    (void)state;
    assert_true(snprintf(block, usable, "%.*d", (int)usable - 1, 0) == (int)usable - 1);
    assert_int_equal(strlen(block), usable - 1);
    zfree(block);
}

/* ---- The check itself works ---- */

static volatile size_t size_asked_for = 100;
static volatile size_t size_written = 101;

static void write_too_much(void *argument)
{
    char *block = zmalloc(size_asked_for);

    (void)argument;
    memset(block, 0xa5, size_written);
    zfree(block);
}

static void write_too_much_of_extended(void *argument)
{
    char *block = extend_to_usable(zmalloc(200), size_asked_for);

    (void)argument;
    memset(block, 0xa5, size_written);
    zfree(block);
}

static void must_be_stopped(void (*body)(void *argument))
{
    struct outcome outcome = run_child(body, NULL);

    assert_killed_by(&outcome, SIGABRT);
    assert_non_null(strstr(outcome.err, "buffer overflow detected"));
}

static void one_byte_too_much_is_seen(void **state)
{
    (void)state;
    if (UNDER_SANITIZER) {
        print_message("skipped: a sanitizer stops it before the C library can\n");
        skip();
    }
#if !defined(__USE_FORTIFY_LEVEL) || __USE_FORTIFY_LEVEL < 3
    print_message("skipped: this C library has no _FORTIFY_SOURCE=3\n");
    skip();
#endif
    must_be_stopped(write_too_much);
    must_be_stopped(write_too_much_of_extended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(new_blocks),
        zm_test(tried_blocks),
        zm_test(resized_blocks),
        zm_test(extended_blocks),
        zm_test(formatted_into_the_rest),
        zm_test(one_byte_too_much_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
