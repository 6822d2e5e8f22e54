/* SPDX-License-Identifier: BSD-3-Clause */

#include "support.h"

static void size_zero_is_a_block(void **state)
{
    void *one = zmalloc(0);
    void *other = zmalloc(0);

    (void)state;
    assert_non_null(one);
    assert_non_null(other);
    assert_ptr_not_equal(one, other);
    assert_true(zmalloc_usable_size(one) >= sizeof(long));
    zfree(one);
    zfree(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(size_zero_is_a_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
