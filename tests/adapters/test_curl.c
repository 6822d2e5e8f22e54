/* SPDX-License-Identifier: BSD-3-Clause */

/* curl reads a file by its URL in memory from zmalloc, and says CURLE_OUT_OF_MEMORY. */

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

static struct zmalloc_zone *zone;
ZMALLOC_ADAPTERS_IN(zoned, zone);

#define THIS_FILE HERE "/test_curl.c"

/* The beginning of what came, and how much came. */
struct received {
    char bytes[64];
    size_t size;
    size_t used; /* by zmalloc while it came */
};

static size_t receive(char *bytes, size_t size, size_t num, void *opaque)
{
    struct received *received = opaque;
    size_t room = sizeof received->bytes - 1 - strlen(received->bytes);

    strncat(received->bytes, bytes, size * num < room ? size * num : room);
    received->size += size * num;
    received->used = zmalloc_used_memory();
    return size * num;
}

static CURLcode read_file(struct received *received)
{
    CURL *easy = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (easy != NULL)
        code = curl_easy_setopt(easy, CURLOPT_URL, "file://" THIS_FILE);
    if (code == CURLE_OK) {
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, received);
        code = curl_easy_perform(easy);
    }
    curl_easy_cleanup(easy);
    return code;
}

static size_t size_of_this_file(void)
{
    FILE *file = fopen(THIS_FILE, "r");
    long size;

    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    fclose(file);
    return (size_t)size;
}

static void start(void)
{
    assert_int_equal(curl_global_init_mem(CURL_GLOBAL_DEFAULT, zmalloc_plain_malloc,
                                          zmalloc_plain_free, zmalloc_plain_realloc,
                                          zmalloc_plain_strdup, zmalloc_plain_calloc),
                     CURLE_OK);
}

static void assert_it_reads(void)
{
    struct received received = {0};

    assert_int_equal(read_file(&received), CURLE_OK);
    assert_int_equal(received.size, size_of_this_file());
    assert_memory_equal(received.bytes, "/* SPDX-License-Identifier", 26);
    /* Its buffer for what it receives is 16 KiB. */
    assert_true(received.used >= CURL_MAX_WRITE_SIZE);
}

static void a_file_by_its_url_is_counted(void **state)
{
    (void)state;
    start();
    assert_it_reads();
    curl_global_cleanup();
}

static void in_a_zone_it_is_counted(void **state)
{
    (void)state;
    assert_int_equal(curl_global_init_mem(CURL_GLOBAL_DEFAULT, zoned_plain_malloc, zoned_plain_free,
                                          zoned_plain_realloc, zoned_plain_strdup,
                                          zoned_plain_calloc),
                     CURLE_OK);
    assert_it_reads();
    curl_global_cleanup();
}

static void what_it_hands_out_is_counted(void **state)
{
    struct curl_slist *list = NULL;
    size_t used;
    char *text;

    (void)state;
    start();
    used = zmalloc_used_memory();
    list = curl_slist_append(list, "Accept: text/plain");
    assert_non_null(list);
    text = curl_easy_escape(NULL, "a b", 3);
    assert_string_equal(text, "a%20b");
    assert_true(zmalloc_used_memory() >= used + zmalloc_size(list) + zmalloc_size(text));
    curl_free(text);
    curl_slist_free_all(list);
    assert_int_equal(zmalloc_used_memory(), used);
    curl_global_cleanup();
}

static bool read_once(void)
{
    struct received received = {0};
    CURLcode code = read_file(&received);

    if (code != CURLE_OK)
        assert_int_equal(code, CURLE_OUT_OF_MEMORY);
    return code == CURLE_OK;
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    need_fail_layer();
    start();
    fails_cleanly(read_once);
    curl_global_cleanup();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_file_by_its_url_is_counted),
        zm_test(in_a_zone_it_is_counted),
        zm_test(what_it_hands_out_is_counted),
        zm_test(without_memory_it_says_so),
    };

    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
