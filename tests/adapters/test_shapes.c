/* SPDX-License-Identifier: BSD-3-Clause */

/* The adapters by themselves: size 0, NULL, sizes that are not possible, and requests that fail. */

#include <errno.h>
#include <string.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

/* ---- The same over an expression for a zone, which counts its evaluations ---- */

static size_t evaluations;

static struct zmalloc_zone *no_zone(void)
{
    evaluations++;
    return NULL;
}

ZMALLOC_ADAPTERS_IN(zoned, no_zone());

/* NULL, which the compiler must not know. */
static struct zmalloc_zone *volatile hidden_zone;

struct plain {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t num, size_t size);
    void *(*realloc)(void *ptr, size_t size);
    void (*free)(void *ptr);
    char *(*strdup)(const char *string);
};

static const struct plain plains[] = {
    {zmalloc_plain_malloc, zmalloc_plain_calloc, zmalloc_plain_realloc, zmalloc_plain_free,
     zmalloc_plain_strdup},
    {zoned_plain_malloc, zoned_plain_calloc, zoned_plain_realloc, zoned_plain_free,
     zoned_plain_strdup},
};

struct openssl {
    void *(*malloc)(size_t size, const char *file, int line);
    void *(*realloc)(void *ptr, size_t size, const char *file, int line);
    void (*free)(void *ptr, const char *file, int line);
};

static const struct openssl openssls[] = {
    {zmalloc_openssl_malloc, zmalloc_openssl_realloc, zmalloc_openssl_free},
    {zoned_openssl_malloc, zoned_openssl_realloc, zoned_openssl_free},
};

struct sqlite {
    void *(*malloc)(int size);
    void *(*realloc)(void *ptr, int size);
    void (*free)(void *ptr);
};

static const struct sqlite sqlites[] = {
    {zmalloc_sqlite_malloc, zmalloc_sqlite_realloc, zmalloc_sqlite_free},
    {zoned_sqlite_malloc, zoned_sqlite_realloc, zoned_sqlite_free},
};

#define BOTH 2

/* ---- What must not happen is hidden from the compiler, which would warn ---- */

static volatile size_t largest = SIZE_MAX;
static const size_t *impossible_sizes(void)
{
    static size_t sizes[4];

    sizes[0] = largest;
    sizes[1] = largest / 2;
    sizes[2] = largest / 2 + 1;
    sizes[3] = largest - 15;
    return sizes;
}

#define assert_no_memory(call)                                                                     \
    do {                                                                                           \
        errno = 0;                                                                                 \
        assert_null(call);                                                                         \
        assert_int_equal(errno, ENOMEM);                                                           \
    } while (0)

/* ---- Functions like those of C ---- */

static void plain_blocks_are_counted(void **state)
{
    (void)state;
    for (const struct plain *plain = plains; plain < plains + BOTH; plain++) {
        char *block = plain->malloc(100);

        assert_non_null(block);
        assert_int_equal(zmalloc_used_memory(), zmalloc_size(block));
        stamp(block, 100, 1);
        block = plain->realloc(block, 100000);
        assert_non_null(block);
        assert_true(has_stamp(block, 100, 1));
        assert_int_equal(zmalloc_used_memory(), zmalloc_size(block));
        errno = 17;
        plain->free(block);
        plain->free(NULL);
        assert_int_equal(errno, 17);
        assert_int_equal(zmalloc_used_memory(), 0);
    }
}

static void plain_size_0_is_a_block(void **state)
{
    (void)state;
    for (const struct plain *plain = plains; plain < plains + BOTH; plain++) {
        void *blocks[] = {plain->malloc(0), plain->calloc(0, 8), plain->calloc(8, 0),
                          plain->realloc(NULL, 0)};

        for (size_t i = 0; i < 4; i++) {
            assert_non_null(blocks[i]);
            for (size_t j = 0; j < i; j++)
                assert_ptr_not_equal(blocks[i], blocks[j]);
        }
        for (size_t i = 0; i < 4; i++)
            plain->free(blocks[i]);
    }
}

static void plain_realloc_to_0_frees(void **state)
{
    (void)state;
    for (const struct plain *plain = plains; plain < plains + BOTH; plain++) {
        void *block = plain->realloc(NULL, 50);

        assert_non_null(block);
        errno = 17;
        assert_null(plain->realloc(block, 0));
        assert_int_equal(errno, 17);
        assert_int_equal(zmalloc_used_memory(), 0);
    }
}

static void plain_calloc_is_zeroed_and_checks_the_product(void **state)
{
    (void)state;
    for (const struct plain *plain = plains; plain < plains + BOTH; plain++) {
        char *block = plain->calloc(10, 30);

        assert_non_null(block);
        for (size_t i = 0; i < 300; i++)
            assert_int_equal(block[i], 0);
        plain->free(block);
        assert_no_memory(plain->calloc(largest / 2, 3));
        assert_no_memory(plain->calloc(3, largest / 2));
        assert_no_memory(plain->calloc(ROOT_OF_SIZES, ROOT_OF_SIZES));
        assert_no_memory(plain->calloc(ROOT_OF_SIZES + 1, ROOT_OF_SIZES));
        assert_no_memory(plain->calloc(1, largest));
    }
}

static void plain_impossible_sizes_leave_the_block(void **state)
{
    (void)state;
    for (const struct plain *plain = plains; plain < plains + BOTH; plain++) {
        char *block = plain->malloc(100);

        assert_non_null(block);
        stamp(block, 100, 2);
        for (size_t i = 0; i < 4; i++) {
            assert_no_memory(plain->malloc(impossible_sizes()[i]));
            assert_no_memory(plain->realloc(NULL, impossible_sizes()[i]));
            assert_no_memory(plain->realloc(block, impossible_sizes()[i]));
            assert_true(has_stamp(block, 100, 2));
        }
        assert_no_memory(plain->realloc(block, BEYOND_ADDRESS_SPACE));
        assert_true(has_stamp(block, 100, 2));
        plain->free(block);
    }
}

static void plain_strdup_copies(void **state)
{
    (void)state;
    for (const struct plain *plain = plains; plain < plains + BOTH; plain++) {
        char *empty = plain->strdup("");
        char *word = plain->strdup("word");

        assert_string_equal(empty, "");
        assert_string_equal(word, "word");
        assert_int_equal(zmalloc_used_memory(), zmalloc_size(empty) + zmalloc_size(word));
        plain->free(empty);
        plain->free(word);
    }
}

/* ---- zlib ---- */

static void zlib_multiplies_without_overflow(void **state)
{
    const unsigned most = UINT_MAX;
    void *block = zmalloc_zlib_alloc(hidden_zone, 3, 100);

    (void)state;
    assert_non_null(block);
    assert_true(zmalloc_usable_size(block) >= 300);
    zmalloc_zlib_free(hidden_zone, block);
    zmalloc_zlib_free(NULL, NULL);
    /* On 64 bits that is below SIZE_MAX, on 32 it overflows to 1. */
    assert_no_memory(zmalloc_zlib_alloc(NULL, most, most));
}

static void zlib_size_0_is_a_block(void **state)
{
    void *none = zmalloc_zlib_alloc(NULL, 0, 8);
    void *empty = zmalloc_zlib_alloc(NULL, 8, 0);

    (void)state;
    assert_non_null(none);
    assert_non_null(empty);
    zmalloc_zlib_free(NULL, none);
    zmalloc_zlib_free(NULL, empty);
}

/* ---- Lua ---- */

static void lua_size_0_frees(void **state)
{
    void *block = zmalloc_lua_alloc(hidden_zone, NULL, 5, 100);

    (void)state;
    assert_non_null(block);
    errno = 17;
    assert_null(zmalloc_lua_alloc(hidden_zone, block, 100, 0));
    assert_int_equal(zmalloc_used_memory(), 0);
    assert_null(zmalloc_lua_alloc(NULL, NULL, 0, 0));
    assert_null(zmalloc_lua_alloc(NULL, NULL, 8, 0));
    assert_int_equal(errno, 17);
}

static void lua_keeps_contents_and_blocks_that_cannot_grow(void **state)
{
    char *block = zmalloc_lua_alloc(NULL, NULL, 0, 100);

    (void)state;
    assert_non_null(block);
    stamp(block, 100, 3);
    for (size_t i = 0; i < 4; i++)
        assert_no_memory(zmalloc_lua_alloc(NULL, block, 100, impossible_sizes()[i]));
    block = zmalloc_lua_alloc(NULL, block, 100, 5000);
    assert_non_null(block);
    assert_true(has_stamp(block, 100, 3));
    block = zmalloc_lua_alloc(NULL, block, 5000, 60);
    assert_non_null(block);
    assert_true(has_stamp(block, 60, 3));
    assert_null(zmalloc_lua_alloc(NULL, block, 60, 0));
}

/* With NULL, old_size is a kind of object, which must not make a failure look like a shrink. */
static void lua_ignores_the_old_size_of_nothing(void **state)
{
    (void)state;
    assert_no_memory(zmalloc_lua_alloc(NULL, NULL, largest, largest / 2 + 1));
}

/* ---- PCRE2 ---- */

static void pcre2_takes_the_size_first(void **state)
{
    void *block = zmalloc_pcre2_malloc(100, hidden_zone);
    void *empty = zmalloc_pcre2_malloc(0, NULL);

    (void)state;
    assert_non_null(block);
    assert_non_null(empty);
    assert_int_equal(zmalloc_used_memory(), zmalloc_size(block) + zmalloc_size(empty));
    zmalloc_pcre2_free(block, hidden_zone);
    zmalloc_pcre2_free(empty, NULL);
    zmalloc_pcre2_free(NULL, NULL);
    assert_no_memory(zmalloc_pcre2_malloc(largest, NULL));
}

/* ---- OpenSSL ---- */

static void openssl_size_0_is_null(void **state)
{
    (void)state;
    for (const struct openssl *openssl = openssls; openssl < openssls + BOTH; openssl++) {
        void *block = openssl->malloc(100, __FILE__, __LINE__);

        assert_non_null(block);
        errno = 17;
        assert_null(openssl->malloc(0, __FILE__, __LINE__));
        assert_null(openssl->realloc(NULL, 0, __FILE__, __LINE__));
        assert_null(openssl->realloc(block, 0, __FILE__, __LINE__));
        assert_int_equal(errno, 17);
        assert_int_equal(zmalloc_used_memory(), 0);
    }
}

static void openssl_resizes_and_may_pass_no_file(void **state)
{
    (void)state;
    for (const struct openssl *openssl = openssls; openssl < openssls + BOTH; openssl++) {
        char *block = openssl->realloc(NULL, 100, NULL, 0);

        assert_non_null(block);
        stamp(block, 100, 4);
        block = openssl->realloc(block, 7000, NULL, 0);
        assert_non_null(block);
        assert_no_memory(openssl->malloc(largest, NULL, 0));
        assert_no_memory(openssl->realloc(block, largest, NULL, 0));
        assert_true(has_stamp(block, 100, 4));
        openssl->free(block, NULL, 0);
        openssl->free(NULL, NULL, 0);
    }
}

/* ---- SQLite ---- */

static void sqlite_blocks_are_aligned_and_as_large_as_promised(void **state)
{
    (void)state;
    for (const struct sqlite *sqlite = sqlites; sqlite < sqlites + BOTH; sqlite++)
        for (int size = 1; size < 100000; size += 1 + size / 8) {
            int rounded = zmalloc_sqlite_roundup(size);
            void *block = sqlite->malloc(rounded);
            void *unrounded = sqlite->malloc(size);

            assert_non_null(block);
            assert_non_null(unrounded);
            assert_int_equal(rounded % 8, 0);
            assert_true(rounded >= size);
            assert_int_equal((uintptr_t)block % 8, 0);
            assert_int_equal((uintptr_t)unrounded % 8, 0);
            assert_true(zmalloc_sqlite_size(block) >= rounded);
            /* Some allocators do not tell before they have allocated. */
            if (zmalloc_good_size((size_t)size) != 0)
                assert_int_equal(zmalloc_sqlite_size(block), rounded);
            assert_int_equal(zmalloc_sqlite_roundup(rounded), rounded);
            sqlite->free(block);
            sqlite->free(unrounded);
        }
}

static void sqlite_resizes(void **state)
{
    (void)state;
    for (const struct sqlite *sqlite = sqlites; sqlite < sqlites + BOTH; sqlite++) {
        char *block = sqlite->realloc(NULL, 104);

        assert_non_null(block);
        stamp(block, 104, 5);
        block = sqlite->realloc(block, 7000);
        assert_non_null(block);
        assert_no_memory(sqlite->realloc(block, -1));
        assert_no_memory(sqlite->realloc(block, INT_MIN));
        assert_true(has_stamp(block, 104, 5));
        errno = 17;
        assert_null(sqlite->realloc(block, 0));
        assert_int_equal(errno, 17);
    }
}

static void sqlite_refuses_sizes_that_are_none(void **state)
{
    (void)state;
    for (const struct sqlite *sqlite = sqlites; sqlite < sqlites + BOTH; sqlite++) {
        assert_null(sqlite->malloc(0));
        assert_null(sqlite->malloc(-1));
        assert_null(sqlite->malloc(INT_MIN));
        sqlite->free(NULL);
    }
    assert_int_equal(zmalloc_sqlite_size(NULL), 0);
    assert_int_equal(zmalloc_sqlite_roundup(0), 0);
    assert_int_equal(zmalloc_sqlite_roundup(-8), 0);
    assert_int_equal(zmalloc_sqlite_roundup(INT_MIN), 0);
}

static void sqlite_sizes_stay_within_an_int(void **state)
{
    const int most = INT_MAX / 8 * 8;

    (void)state;
    assert_int_equal(zmalloc_sqlite_roundup(INT_MAX), 0);
    assert_int_equal(zmalloc_sqlite_roundup(most + 1), 0);
    for (int size = most; size > most - 5000; size -= 24) {
        int rounded = zmalloc_sqlite_roundup(size);

        assert_between(rounded, size, INT_MAX);
    }
}

/* The usable size of a block that SQLite may ask for can be more than an int holds. */
static void sqlite_reports_at_most_an_int(void **state)
{
    void *block = sizeof(size_t) > 4 && !UNDER_SANITIZER ? ztrymalloc((size_t)INT_MAX + 100) : NULL;

    (void)state;
    if (block != NULL)
        assert_int_equal(zmalloc_sqlite_size(block), INT_MAX / 8 * 8);
    zfree(block);
}

static void sqlite_has_nothing_to_start(void **state)
{
    (void)state;
    assert_int_equal(zmalloc_sqlite_init(NULL), 0);
    zmalloc_sqlite_shutdown(NULL);
}

/* ---- Zones ---- */

static void the_zone_is_asked_for_in_each_call(void **state)
{
    void *block;

    (void)state;
    evaluations = 0;
    block = zoned_plain_malloc(10);
    assert_true(evaluations >= 1);
    evaluations = 0;
    block = zoned_sqlite_realloc(block, 80);
    assert_true(evaluations >= 1);
    evaluations = 0;
    zoned_openssl_free(block, NULL, 0);
    assert_true(evaluations >= 1);
}

/* ---- Requests that fail ---- */

#define assert_fails(call)                                                                         \
    do {                                                                                           \
        assert_int_equal(zmalloc_fail("nth:1"), 0);                                                \
        assert_no_memory(call);                                                                    \
        assert_int_equal(zmalloc_fail_failures(), 1);                                              \
    } while (0)

static void a_failing_request_returns_null(void **state)
{
    (void)state;
    need_fail_layer();
    for (size_t i = 0; i < BOTH; i++) {
        assert_fails(plains[i].malloc(10));
        assert_fails(plains[i].calloc(10, 10));
        assert_fails(plains[i].realloc(NULL, 10));
        assert_fails(plains[i].strdup("word"));
        assert_fails(openssls[i].malloc(10, NULL, 0));
        assert_fails(openssls[i].realloc(NULL, 10, NULL, 0));
        assert_fails(sqlites[i].malloc(10));
        assert_fails(sqlites[i].realloc(NULL, 10));
    }
    assert_fails(zmalloc_zlib_alloc(NULL, 10, 10));
    assert_fails(zmalloc_lua_alloc(NULL, NULL, 4, 10));
    assert_fails(zmalloc_pcre2_malloc(10, NULL));
}

static void a_failing_reallocation_leaves_the_block(void **state)
{
    char *block;

    (void)state;
    need_fail_layer();
    block = zmalloc_plain_malloc(100);
    assert_non_null(block);
    stamp(block, 100, 6);
    for (size_t i = 0; i < BOTH; i++) {
        assert_fails(plains[i].realloc(block, 5000));
        assert_fails(openssls[i].realloc(block, 5000, NULL, 0));
        assert_fails(sqlites[i].realloc(block, 5000));
    }
    assert_fails(zmalloc_lua_alloc(NULL, block, 100, 5000));
    assert_true(has_stamp(block, 100, 6));
    zfree(block);
}

static void lua_never_fails_to_shrink(void **state)
{
    char *block;

    (void)state;
    need_fail_layer();
    block = zmalloc_lua_alloc(hidden_zone, NULL, 0, 100);
    assert_non_null(block);
    stamp(block, 100, 7);
    assert_int_equal(zmalloc_fail("from:1"), 0);
    assert_ptr_equal(zmalloc_lua_alloc(hidden_zone, block, 100, 100), block);
    assert_ptr_equal(zmalloc_lua_alloc(hidden_zone, block, 100, 40), block);
    assert_true(has_stamp(block, 100, 7));
    assert_no_memory(zmalloc_lua_alloc(hidden_zone, block, 40, 41));
    assert_null(zmalloc_lua_alloc(hidden_zone, block, 40, 0));
}

static int obey_nothing(void **state)
{
    zmalloc_fail(NULL);
    return teardown_nothing_used(state);
}

#define fail_test(function) cmocka_unit_test_teardown(function, obey_nothing)

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(plain_blocks_are_counted),
        zm_test(plain_size_0_is_a_block),
        zm_test(plain_realloc_to_0_frees),
        zm_test(plain_calloc_is_zeroed_and_checks_the_product),
        zm_test(plain_impossible_sizes_leave_the_block),
        zm_test(plain_strdup_copies),
        zm_test(zlib_multiplies_without_overflow),
        zm_test(zlib_size_0_is_a_block),
        zm_test(lua_size_0_frees),
        zm_test(lua_keeps_contents_and_blocks_that_cannot_grow),
        zm_test(lua_ignores_the_old_size_of_nothing),
        zm_test(pcre2_takes_the_size_first),
        zm_test(openssl_size_0_is_null),
        zm_test(openssl_resizes_and_may_pass_no_file),
        zm_test(sqlite_blocks_are_aligned_and_as_large_as_promised),
        zm_test(sqlite_resizes),
        zm_test(sqlite_refuses_sizes_that_are_none),
        zm_test(sqlite_sizes_stay_within_an_int),
        zm_test(sqlite_reports_at_most_an_int),
        zm_test(sqlite_has_nothing_to_start),
        zm_test(the_zone_is_asked_for_in_each_call),
        fail_test(a_failing_request_returns_null),
        fail_test(a_failing_reallocation_leaves_the_block),
        fail_test(lua_never_fails_to_shrink),
    };

    no_room_on_32_bits();
    leave_blocks_untouched();
    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
