/* SPDX-License-Identifier: BSD-3-Clause */

/* Each adapter passes its zone on, with sizes that a zone can serve, over functions that look. */

#include <errno.h>

#include "adapters_support.h"

/* In the place of zmalloc_zone.h: a zone that notes what it is asked for. */
#define ZMALLOC_ZONE_H

struct zmalloc_zone {
    size_t requests;
    size_t frees;
};

static void *ztrymalloc_in(struct zmalloc_zone *of, size_t size)
{
    assert_non_null(of);
    of->requests++;
    return ztrymalloc(size);
}

static void *ztrycalloc_in(struct zmalloc_zone *of, size_t size)
{
    assert_non_null(of);
    of->requests++;
    return ztrycalloc(size);
}

static void *ztryrealloc_in(struct zmalloc_zone *of, void *ptr, size_t size)
{
    assert_non_null(of);
    of->requests++;
    return ztryrealloc(ptr, size);
}

static void zfree_in(struct zmalloc_zone *of, void *ptr)
{
    assert_non_null(of);
    of->frees++;
    zfree(ptr);
}

#include "zmalloc_adapters.h"

static struct zmalloc_zone zone;
ZMALLOC_ADAPTERS_IN(zoned, &zone);

/* Asserts that the zone was asked for a block and got it back since the last time. */
static void assert_used_once(void)
{
    assert_int_equal(zone.requests, 1);
    assert_int_equal(zone.frees, 1);
    zone = (struct zmalloc_zone){0};
}

static void each_function_asks_the_zone(void **state)
{
    (void)state;
    zoned_plain_free(zoned_plain_malloc(10));
    assert_used_once();
    zoned_plain_free(zoned_plain_calloc(10, 10));
    assert_used_once();
    zoned_plain_free(zoned_plain_realloc(NULL, 10));
    assert_used_once();
    zoned_plain_free(zoned_plain_strdup("word"));
    assert_used_once();
    zoned_openssl_free(zoned_openssl_malloc(10, NULL, 0), NULL, 0);
    assert_used_once();
    zoned_openssl_free(zoned_openssl_realloc(NULL, 10, NULL, 0), NULL, 0);
    assert_used_once();
    zoned_sqlite_free(zoned_sqlite_malloc(10));
    assert_used_once();
    zoned_sqlite_free(zoned_sqlite_realloc(NULL, 10));
    assert_used_once();
}

static void each_opaque_pointer_is_the_zone(void **state)
{
    (void)state;
    zmalloc_zlib_free(&zone, zmalloc_zlib_alloc(&zone, 10, 10));
    assert_used_once();
    zmalloc_pcre2_free(zmalloc_pcre2_malloc(10, &zone), &zone);
    assert_used_once();
    assert_null(zmalloc_lua_alloc(&zone, zmalloc_lua_alloc(&zone, NULL, 0, 10), 10, 0));
    assert_used_once();
}

/* ---- Sizes that must not reach the zone ---- */

static volatile size_t largest = SIZE_MAX;

#define assert_no_memory(call)                                                                     \
    do {                                                                                           \
        errno = 0;                                                                                 \
        assert_null(call);                                                                         \
        assert_int_equal(errno, ENOMEM);                                                           \
    } while (0)

static void impossible_sizes_leave_the_block(void **state)
{
    char *block = zoned_plain_malloc(100);

    (void)state;
    assert_non_null(block);
    stamp(block, 100, 1);
    for (size_t size = largest; size >= largest / 2; size -= largest / 4) {
        assert_no_memory(zoned_plain_realloc(block, size));
        assert_no_memory(zoned_openssl_realloc(block, size, NULL, 0));
        assert_no_memory(zmalloc_lua_alloc(&zone, block, 100, size));
    }
    assert_no_memory(zoned_plain_realloc(block, largest / 2));
    assert_no_memory(zoned_sqlite_realloc(block, INT_MIN));
    assert_int_equal(zone.requests, 1);
    assert_true(has_stamp(block, 100, 1));
    zoned_plain_free(block);
}

static void products_are_checked(void **state)
{
    void *block;

    (void)state;
    zone.requests = 0;
    assert_no_memory(zoned_plain_calloc(ROOT_OF_SIZES, ROOT_OF_SIZES));
    assert_no_memory(zoned_plain_calloc(largest, 2));
    assert_no_memory(zoned_plain_calloc(2, largest));
    assert_no_memory(zoned_plain_calloc(1, largest / 2));
    assert_int_equal(zone.requests, 0);
    block = zoned_plain_calloc(0, largest);
    assert_non_null(block);
    zoned_plain_free(block);
    block = zoned_plain_calloc(largest, 0);
    assert_non_null(block);
    zoned_plain_free(block);
}

static void a_realloc_to_0_frees(void **state)
{
    (void)state;
    assert_null(zoned_plain_realloc(zoned_plain_malloc(10), 0));
    assert_null(zoned_openssl_realloc(zoned_openssl_malloc(10, NULL, 0), 0, NULL, 0));
    assert_null(zoned_sqlite_realloc(zoned_sqlite_malloc(10), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(each_function_asks_the_zone),
        zm_test(each_opaque_pointer_is_the_zone),
        zm_test(impossible_sizes_leave_the_block),
        zm_test(products_are_checked),
        zm_test(a_realloc_to_0_frees),
    };

    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
