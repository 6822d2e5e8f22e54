/* SPDX-License-Identifier: BSD-3-Clause */

/* PCRE2 compiles and matches in memory from zmalloc, and says PCRE2_ERROR_NOMEMORY. */

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

#define PATTERN "(?<key>\\w+)=(?<value>(?:[^;\\\\]|\\\\.)*)"
#define SUBJECT "  colour=light\\;blue; size=7"

/* What one use of it makes; all NULL before. */
struct matcher {
    pcre2_general_context *general;
    pcre2_compile_context *compiling;
    pcre2_match_context *matching;
    pcre2_match_data *data;
    pcre2_code *code;
};

static bool prepare(struct matcher *it, struct zmalloc_zone *zone)
{
    int error = 0;
    PCRE2_SIZE offset = 0;

    it->general = pcre2_general_context_create(zmalloc_pcre2_malloc, zmalloc_pcre2_free, zone);
    if (it->general == NULL)
        return false;
    it->compiling = pcre2_compile_context_create(it->general);
    it->matching = pcre2_match_context_create(it->general);
    if (it->compiling == NULL || it->matching == NULL)
        return false;
    it->code = pcre2_compile((PCRE2_SPTR)PATTERN, PCRE2_ZERO_TERMINATED, 0, &error, &offset,
                             it->compiling);
    if (it->code == NULL)
        assert_int_equal(error, PCRE2_ERROR_HEAP_FAILED);
    else
        it->data = pcre2_match_data_create_from_pattern(it->code, it->general);
    return it->code != NULL && it->data != NULL;
}

static int match(struct matcher *it)
{
    return pcre2_match(it->code, (PCRE2_SPTR)SUBJECT, strlen(SUBJECT), 0, 0, it->data,
                       it->matching);
}

static void release(struct matcher *it)
{
    pcre2_match_data_free(it->data);
    pcre2_code_free(it->code);
    pcre2_match_context_free(it->matching);
    pcre2_compile_context_free(it->compiling);
    pcre2_general_context_free(it->general);
}

static void patterns_and_matches_are_counted(void **state)
{
    struct matcher it = {0};
    PCRE2_SIZE *places;
    size_t size, used;

    (void)state;
    assert_true(prepare(&it, NULL));
    used = zmalloc_used_memory();
    assert_int_equal(pcre2_pattern_info(it.code, PCRE2_INFO_SIZE, &size), 0);
    assert_true(used > size);
    assert_int_equal(match(&it), 3);
    places = pcre2_get_ovector_pointer(it.data);
    assert_int_equal(places[2], 2);
    assert_int_equal(places[5], 2 + strlen("colour=light\\;blue"));
    release(&it);
}

static void a_string_that_it_hands_out_is_counted(void **state)
{
    struct matcher it = {0};
    PCRE2_UCHAR *value;
    PCRE2_SIZE length;
    size_t used;

    (void)state;
    assert_true(prepare(&it, NULL));
    assert_int_equal(match(&it), 3);
    used = zmalloc_used_memory();
    assert_int_equal(pcre2_substring_get_byname(it.data, (PCRE2_SPTR) "value", &value, &length), 0);
    assert_string_equal((char *)value, "light\\;blue");
    assert_true(zmalloc_used_memory() > used + length);
    pcre2_substring_free(value);
    assert_int_equal(zmalloc_used_memory(), used);
    release(&it);
}

static bool match_once(void)
{
    struct matcher it = {0};
    bool done = prepare(&it, NULL);

    if (done) {
        int found = match(&it);

        if (found != PCRE2_ERROR_NOMEMORY)
            assert_int_equal(found, 3);
        done = found == 3;
    }
    release(&it);
    return done;
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    need_fail_layer();
    fails_cleanly(match_once);
    fails_cleanly_with("nth", match_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(patterns_and_matches_are_counted),
        zm_test(a_string_that_it_hands_out_is_counted),
        zm_test(without_memory_it_says_so),
    };

    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
