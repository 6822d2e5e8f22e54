/* SPDX-License-Identifier: BSD-3-Clause */

/* The zmalloc.h for Redis 7: every name has its type and works. A copy of this file is compiled as
 * C++. */

#define REDIS_TEST

/* clang-format off */
#include "zmalloc.h"
#include "zmalloc.h"
/* clang-format on */

#include "checks.h"

#define REDIS7_FUNCTIONS(F)                                                                        \
    F(void, zfree_usable, (void *, size_t *))                                                      \
    F(int, zmalloc_get_allocator_info, (size_t *, size_t *, size_t *))                             \
    F(void *, zmalloc_no_tcache, (size_t))                                                         \
    F(void, zfree_no_tcache, (void *))                                                             \
    F(int, je_get_defrag_hint, (void *))                                                           \
    F(void, zmadvise_dontneed, (void *))                                                           \
    F(int, zmalloc_test, (int, char **, int))

COMPAT_FUNCTIONS(POINTER)
REDIS7_FUNCTIONS(POINTER)

/* As hdr_histogram declares them, in a file without the header. */
#ifdef __cplusplus
extern "C" {
#endif
void *hdr_malloc(size_t size) HDR_SYMBOL("zmalloc");
void *hdr_calloc(size_t num, size_t size) HDR_SYMBOL("zcalloc_num");
void *hdr_realloc(void *ptr, size_t size) HDR_SYMBOL("zrealloc");
void hdr_free(void *ptr) HDR_SYMBOL("zfree");
/* Another symbol of the archive. */
void *hdr_zcalloc(size_t size) HDR_SYMBOL("zcalloc");
#ifdef __cplusplus
}
#endif

static void check_archive(void)
{
    size_t used = zmalloc_used_memory();
    void *block = hdr_realloc(hdr_malloc(10), 1000);
    char *array = (char *)hdr_calloc(10, 10);
    char *zeroed = (char *)hdr_zcalloc(10);

    CHECK(zmalloc_usable_size(block) >= 1000 && array[99] == 0 && zeroed[9] == 0);
    CHECK(zmalloc_used_memory() ==
          used + zmalloc_size(block) + zmalloc_size(array) + zmalloc_size(zeroed));
    hdr_free(block);
    hdr_free(array);
    zfree(zeroed);
    CHECK(zmalloc_used_memory() == used);
}

#ifndef HAVE_DEFRAG
#error "Redis asks for this macro"
#endif

static void ask_first(void)
{
    CHECK(je_get_defrag_hint(NULL) == 0);
}

/* As in Redis's defrag.c. */
static void check_moving(void)
{
    int moved = 0;

    listen_to(ask_first);
    check_what_was_said();
    make_holes();
    zmalloc_get_allocator_info(NULL, NULL, NULL);
    for (size_t i = 0; i < HOLDERS; i += KEPT_OF) {
        size_t size = zmalloc_size(holders[i]);
        char *block;

        if (!je_get_defrag_hint(holders[i]))
            continue;
        block = (char *)zmalloc_no_tcache(size);
        memcpy(block, holders[i], size);
        zfree_no_tcache(holders[i]);
        holders[i] = block;
        moved++;
    }
    CHECK(is_active("jemalloc") ? moved > HOLDERS / KEPT_OF / 2 : moved == 0);
    check_and_free_holders();
}

int main(void)
{
    size_t allocated = 1, active = 1, resident = 1;

    check_all();
    check_archive();
    check_moving();
    CHECK((0 COMPAT_FUNCTIONS(COUNT) REDIS7_FUNCTIONS(COUNT)) ==
          (0 COMPAT_FUNCTIONS(ONE) REDIS7_FUNCTIONS(ONE)));
    CHECK(zmalloc_get_allocator_info(&allocated, &active, &resident) == 1);
    CHECK(allocated != 1 && active != 1 && resident != 1);
    CHECK(zmalloc_test(0, NULL, 0) == 0);
#ifdef __GLIBC__
    /* From <malloc.h>, which Redis's header includes. */
    CHECK(malloc_usable_size(NULL) == 0);
#endif
    return 0;
}
