/* SPDX-License-Identifier: BSD-3-Clause */

/* zlib compresses and decompresses in memory from zmalloc, and says Z_MEM_ERROR without. */

#include <zlib.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

#define TEXT_SIZE ((size_t)1 << 20)

static unsigned char text[TEXT_SIZE], packed[TEXT_SIZE], unpacked[TEXT_SIZE];

/* Two in three bytes follow from those before. */
static void write_text(void)
{
    uint64_t state = 1;

    for (size_t i = 0; i < TEXT_SIZE; i++)
        text[i] = (unsigned char)(i % 3 == 0 ? next_random(&state) % 16 : i % 7);
}

static void use_zmalloc(z_stream *stream, struct zmalloc_zone *zone)
{
    stream->zalloc = zmalloc_zlib_alloc;
    stream->zfree = zmalloc_zlib_free;
    stream->opaque = zone;
}

static void give(z_stream *stream, unsigned char *from, size_t size, unsigned char *to)
{
    stream->next_in = from;
    stream->avail_in = (uInt)size;
    stream->next_out = to;
    stream->avail_out = (uInt)TEXT_SIZE;
}

/* What zlib's documentation says that both need, in whole KiB. */
#define LEAST_OF_DEFLATE ((size_t)256 << 10)
#define LEAST_OF_INFLATE ((size_t)32 << 10)

static size_t compress_text(void)
{
    z_stream stream = {0};
    size_t size;

    use_zmalloc(&stream, NULL);
    assert_int_equal(deflateInit(&stream, Z_BEST_SPEED), Z_OK);
    give(&stream, text, TEXT_SIZE, packed);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_true(zmalloc_used_memory() >= LEAST_OF_DEFLATE);
    size = stream.total_out;
    assert_int_equal(deflateEnd(&stream), Z_OK);
    assert_int_equal(zmalloc_used_memory(), 0);
    return size;
}

static void a_megabyte_comes_back_as_it_was(void **state)
{
    z_stream stream = {0};
    size_t size = compress_text();
    int status;

    (void)state;
    assert_between(size, 1, TEXT_SIZE / 2);
    use_zmalloc(&stream, NULL);
    assert_int_equal(inflateInit(&stream), Z_OK);
    give(&stream, packed, size, unpacked);
    while (stream.total_out < TEXT_SIZE) {
        /* It takes its window when it has to keep some output. */
        stream.avail_out = (uInt)(TEXT_SIZE / 4);
        status = inflate(&stream, Z_NO_FLUSH);
        assert_true(status == Z_OK || status == Z_STREAM_END);
    }
    assert_true(zmalloc_used_memory() >= LEAST_OF_INFLATE);
    assert_int_equal(inflateEnd(&stream), Z_OK);
    assert_memory_equal(unpacked, text, TEXT_SIZE);
}

/* zlib takes whatever it allocates through the stream that it copies. */
static void a_copied_stream_is_counted(void **state)
{
    z_stream stream = {0}, copy;
    size_t used;

    (void)state;
    use_zmalloc(&stream, NULL);
    assert_int_equal(deflateInit(&stream, Z_BEST_SPEED), Z_OK);
    used = zmalloc_used_memory();
    assert_int_equal(deflateCopy(&copy, &stream), Z_OK);
    assert_true(zmalloc_used_memory() >= used + LEAST_OF_DEFLATE);
    deflateEnd(&copy);
    assert_int_equal(zmalloc_used_memory(), used);
    deflateEnd(&stream);
}

static bool compress_a_little(void)
{
    z_stream stream = {0};
    int status;

    use_zmalloc(&stream, NULL);
    status = deflateInit(&stream, Z_DEFAULT_COMPRESSION);
    if (status == Z_MEM_ERROR)
        return false;
    assert_int_equal(status, Z_OK);
    give(&stream, text, 1000, packed);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return true;
}

static bool decompress_a_little(void)
{
    z_stream stream = {0};
    int status;

    use_zmalloc(&stream, NULL);
    status = inflateInit(&stream);
    if (status == Z_OK) {
        give(&stream, packed, TEXT_SIZE, unpacked);
        stream.avail_out = 10;
        status = inflate(&stream, Z_SYNC_FLUSH);
        assert_int_equal(inflateEnd(&stream), Z_OK);
    }
    if (status != Z_MEM_ERROR)
        assert_int_equal(status, Z_OK);
    return status != Z_MEM_ERROR;
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    need_fail_layer();
    fails_cleanly(compress_a_little);
    fails_cleanly(decompress_a_little);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_megabyte_comes_back_as_it_was),
        zm_test(a_copied_stream_is_counted),
        zm_test(without_memory_it_says_so),
    };

    write_text();
    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
