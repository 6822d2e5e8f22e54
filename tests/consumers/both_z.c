/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program with two functions called zcalloc: zlib's own allocator function in libz.a, and ours,
 * by the name that our header gives it. Each caller must get the right one. The first argument
 * names the backend that must be active.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zmalloc.h>

#define PLAIN_SIZE 300000
#define PACKED_SIZE 400000

#define SYMBOL(name) __asm__(ZMALLOC_QUOTE(__USER_LABEL_PREFIX__) name)

/* zlib's, by its symbol. */
void *zlib_zcalloc(void *opaque, unsigned items, unsigned size) SYMBOL("zcalloc");
void zlib_zcfree(void *opaque, void *block) SYMBOL("zcfree");

static void require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "both_z: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Ours is counted and zeroed; zlib's is neither. */
static void call_both(void)
{
    size_t before = zmalloc_used_memory();
    void *zlibs = zlib_zcalloc(NULL, 10, 100);
    char *ours;

    require(zlibs != NULL && zmalloc_used_memory() == before, "zlib's zcalloc is counted");
    ours = zcalloc(1000);
    require(zmalloc_used_memory() == before + zmalloc_size(ours), "our zcalloc is not counted");
    for (size_t i = 0; i < 1000; i++)
        require(ours[i] == 0, "our zcalloc's block is not zero");
    zlib_zcfree(NULL, zlibs);
    require(zmalloc_used_memory() == before + zmalloc_size(ours), "zlib's zcfree is counted");
    zfree(ours);
    require(zmalloc_used_memory() == before, "our zfree is not counted");
}

/* A z_stream without the program's functions gets zlib's own, whose memory is not counted. */
static size_t pack(char *plain, char *packed)
{
    size_t before = zmalloc_used_memory();
    z_stream stream = {.zalloc = Z_NULL, .zfree = Z_NULL, .opaque = Z_NULL};
    char *ours;

    require(deflateInit(&stream, Z_BEST_COMPRESSION) == Z_OK, "deflateInit failed");
    require(stream.zalloc == zlib_zcalloc && stream.zfree == zlib_zcfree,
            "zlib does not use its own zcalloc");
    require(zmalloc_used_memory() == before, "zlib's memory is counted");
    ours = zcalloc(123);
    stream.next_in = (unsigned char *)plain;
    stream.avail_in = PLAIN_SIZE;
    stream.next_out = (unsigned char *)packed;
    stream.avail_out = PACKED_SIZE;
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate failed");
    require(zmalloc_used_memory() == before + zmalloc_size(ours), "only ours should be counted");
    require(deflateEnd(&stream) == Z_OK, "deflateEnd failed");
    zfree(ours);
    require(zmalloc_used_memory() == before, "used memory is not what it was");
    return stream.total_out;
}

static void unpack(const char *packed, size_t size, const char *plain)
{
    char *unpacked = zcalloc(PLAIN_SIZE);
    unsigned long length = PLAIN_SIZE;

    require(uncompress((unsigned char *)unpacked, &length, (const unsigned char *)packed, size) ==
                Z_OK,
            "uncompress failed");
    require(length == PLAIN_SIZE && memcmp(unpacked, plain, PLAIN_SIZE) == 0, "contents are lost");
    zfree(unpacked);
}

int main(int argc, char **argv)
{
    char *plain = zcalloc(PLAIN_SIZE);
    char *packed = zcalloc(PACKED_SIZE);
    size_t size;

    require(argc == 2, "usage: both_z BACKEND");
    require(strcmp(zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    for (size_t i = 0; i < PLAIN_SIZE; i++)
        plain[i] = (char)(i % 251 ^ i / 1000);
    call_both();
    size = pack(plain, packed);
    unpack(packed, size, plain);
    zfree(plain);
    zfree(packed);
    require(zmalloc_used_memory() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
