/* SPDX-License-Identifier: BSD-3-Clause */

/* jansson parses and dumps JSON in memory from zmalloc, and returns NULL when that runs out. */

#include <jansson.h>
#include <string.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

static struct zmalloc_zone *zone;
ZMALLOC_ADAPTERS_IN(zoned, zone);

#define NUMBERS 2000
#define LEAST_OF_A_NUMBER 16

static json_t *numbers(void)
{
    json_t *list = json_array();

    for (int i = 0; i < NUMBERS; i++)
        assert_int_equal(json_array_append_new(list, json_pack("{s:i}", "number", i)), 0);
    return list;
}

static void documents_are_counted(void **state)
{
    json_t *list = numbers(), *parsed;
    char *text = json_dumps(list, JSON_COMPACT);

    (void)state;
    assert_true(zmalloc_used_memory() > (size_t)NUMBERS * LEAST_OF_A_NUMBER);
    assert_non_null(text);
    parsed = json_loads(text, 0, NULL);
    assert_non_null(parsed);
    assert_true(json_equal(list, parsed));
    json_decref(list);
    json_decref(parsed);
    /* Its documentation says free(). */
    assert_int_equal(zmalloc_used_memory(), zmalloc_size(text));
    zfree(text);
}

static void documents_in_a_zone_are_counted(void **state)
{
    json_t *list;

    (void)state;
    json_set_alloc_funcs(zoned_plain_malloc, zoned_plain_free);
    list = numbers();
    assert_true(zmalloc_used_memory() > (size_t)NUMBERS * LEAST_OF_A_NUMBER);
    json_decref(list);
    json_set_alloc_funcs(zmalloc_plain_malloc, zmalloc_plain_free);
}

#if JANSSON_VERSION_HEX >= 0x020f00
static void it_reallocates(void **state)
{
    json_t *list;

    (void)state;
    json_set_alloc_funcs2(zmalloc_plain_malloc, zmalloc_plain_realloc, zmalloc_plain_free);
    list = numbers();
    assert_true(zmalloc_used_memory() > (size_t)NUMBERS * LEAST_OF_A_NUMBER);
    json_decref(list);
    json_set_alloc_funcs(zmalloc_plain_malloc, zmalloc_plain_free);
}
#endif

static bool parse_and_dump(void)
{
    json_t *parsed =
        json_loads("{\"a\": [1, 2.5, true, null, \"text\"], \"b\": {\"c\": \"\"}}", 0, NULL);
    char *text = parsed != NULL ? json_dumps(parsed, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    bool done = text != NULL;

    /* jansson 2.14 does not see that a key was not written, and dumps the rest. */
    if (done && zmalloc_fail_failures() == 0)
        assert_string_equal(text, "{\"a\":[1,2.5,true,null,\"text\"],\"b\":{\"c\":\"\"}}");
    zfree(text);
    json_decref(parsed);
    return done;
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    need_fail_layer();
    fails_cleanly(parse_and_dump);
    fails_cleanly_with("nth", parse_and_dump);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(documents_are_counted),
        zm_test(documents_in_a_zone_are_counted),
#if JANSSON_VERSION_HEX >= 0x020f00
        zm_test(it_reallocates),
#endif
        zm_test(without_memory_it_says_so),
    };

    json_set_alloc_funcs(zmalloc_plain_malloc, zmalloc_plain_free);
    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
