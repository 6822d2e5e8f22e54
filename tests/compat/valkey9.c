/* SPDX-License-Identifier: BSD-3-Clause */

/* The zmalloc.h for Valkey 9: every name has its type and works. A copy of this file is compiled as
 * C++. */

/* clang-format off */
/* Its allocator_defrag.h comes first. */
#include <jemalloc/jemalloc.h>
#include "zmalloc.h"
#include "zmalloc.h"
/* clang-format on */

#include <stdint.h>

#include "checks.h"
#include "valkey9_defrag.h"

#define VALKEY9_FUNCTIONS(F)                                                                       \
    F(void, zfree_with_size, (void *, size_t))                                                     \
    F(void *, zmalloc_cache_aligned, (size_t))                                                     \
    F(void, zlibc_trim, (void))                                                                    \
    F(int, zmalloc_get_allocator_info, (size_t *, size_t *, size_t *, size_t *, size_t *))         \
    F(void, zmadvise_dontneed, (void *, size_t))                                                   \
    F(void, zmadvise_dontneed_range, (void *, size_t))

COMPAT_FUNCTIONS(POINTER)
VALKEY9_FUNCTIONS(POINTER)

#ifdef __cplusplus
extern "C" {
#endif
/* As its hdr_histogram declares them. */
void *valkey_malloc(size_t size);
void *valkey_realloc(void *ptr, size_t size);
void valkey_free(void *ptr);
void *hdr_calloc(size_t num, size_t size) HDR_SYMBOL("zcalloc_num");
/* The archive's other symbols. */
void *valkey_calloc(size_t size);
void *valkey_malloc_cache_aligned(size_t size);
#ifdef __cplusplus
}
#endif

static void check_archive(void)
{
    size_t used = zmalloc_used_memory();
    void *block = valkey_realloc(valkey_malloc(10), 1000);
    void *aligned = valkey_malloc_cache_aligned(1);
    char *zeroed = (char *)valkey_calloc(10);
    char *array = (char *)hdr_calloc(10, 10);

    CHECK(zmalloc_usable_size(block) >= 1000 && (size_t)aligned % 64 == 0 && zeroed[9] == 0 &&
          array[99] == 0);
    CHECK(zmalloc_used_memory() == used + zmalloc_size(block) + zmalloc_size(aligned) +
                                       zmalloc_size(zeroed) + zmalloc_size(array));
    valkey_free(block);
    valkey_free(aligned);
    zfree(zeroed);
    zfree(array);
    CHECK(zmalloc_used_memory() == used);
}

/* A small hint leaves the block alone, whatever its size. */
static void check_dontneed(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *block = (char *)zmalloc(64 * page);

    memset(block, 1, 64 * page);
    zmadvise_dontneed(block, 100);
    CHECK(block[32 * page] == 1);
    zmadvise_dontneed(block, 64 * page);
    CHECK(block[32 * page] == 0);
    zmadvise_dontneed(NULL, 0);
    zfree(block);
}

int main(int argc, char **argv)
{
    size_t figures[] = {1, 1, 1, 1, 1};

    if (argc > 1 && strcmp(argv[1], "guarded") == 0)
        return check_guarded();
    check_all();
    check_archive();
    check_dontneed();
    check_defragmentation();
    CHECK((0 COMPAT_FUNCTIONS(COUNT) VALKEY9_FUNCTIONS(COUNT)) ==
          (0 COMPAT_FUNCTIONS(ONE) VALKEY9_FUNCTIONS(ONE)));
    zmalloc_get_allocator_info(&figures[0], &figures[1], &figures[2], &figures[3], &figures[4]);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        CHECK(figures[i] != 1);
    return 0;
}
