/* SPDX-License-Identifier: BSD-3-Clause */

/* The zmalloc.h for Redis 7: every name of theirs with its type, and that each does its work. A
 * copy of this is compiled as C++. */

#define REDIS_TEST

/* clang-format off */
#include "zmalloc.h"
#include "zmalloc.h"
/* clang-format on */

#include "checks.h"

#define REDIS7_FUNCTIONS(F)                                                                        \
    F(void, zfree_usable, (void *, size_t *))                                                      \
    F(int, zmalloc_get_allocator_info, (size_t *, size_t *, size_t *))                             \
    F(void, zmadvise_dontneed, (void *))                                                           \
    F(int, zmalloc_test, (int, char **, int))

COMPAT_FUNCTIONS(POINTER)
REDIS7_FUNCTIONS(POINTER)

int main(void)
{
    size_t allocated = 1, active = 1, resident = 1;

    check_all();
    CHECK((0 COMPAT_FUNCTIONS(COUNT) REDIS7_FUNCTIONS(COUNT)) ==
          (0 COMPAT_FUNCTIONS(ONE) REDIS7_FUNCTIONS(ONE)));
    CHECK(zmalloc_get_allocator_info(&allocated, &active, &resident) == 1);
    CHECK(allocated != 1 && active != 1 && resident != 1);
    CHECK(zmalloc_test(0, NULL, 0) == 0);
#ifdef __GLIBC__
    /* From <malloc.h>, which theirs includes. */
    CHECK(malloc_usable_size(NULL) == 0);
#endif
    return 0;
}
