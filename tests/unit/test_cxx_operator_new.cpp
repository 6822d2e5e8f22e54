/* SPDX-License-Identifier: BSD-3-Clause */

/* A program whose operators use zmalloc. The allocator below may be written in C++ and call operator new
 * while it starts; it must get its own. */

#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "zmalloc_new_delete.hpp"

extern "C" {
#include "support.h"
}
#include "operators.hpp"

static std::string global(1000, 'g');

static void blocks_of_objects_are_counted(void **)
{
    size_t before = zmalloc_used_memory();

    if (under_valgrind())
        skip(); /* its operator new is found before the program's */
    assert_true(before >= global.size());
    {
        std::map<std::string, std::vector<int>> numbers;

        for (int i = 0; i < 1000; i++)
            numbers[std::string(50, static_cast<char>('a' + i % 26)) + std::to_string(i)].resize(
                100);
        assert_true(zmalloc_used_memory() - before >= 1000 * 100 * sizeof(int));
    }
    assert_int_equal(zmalloc_used_memory(), before);
}

static void exceptions_come_through(void **)
{
    bool caught = false;

    try {
        std::vector<char> much(BEYOND_ADDRESS_SPACE);
        static_cast<void>(much);
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    assert_true(caught);
}

static void each_operator_is_replaced(void **)
{
    if (under_valgrind())
        skip();
    operators::check_each(zmalloc_used_memory);
}

static void must_not_be_called(std::size_t)
{
    child_fail("the out-of-memory handler was called", __FILE__, __LINE__);
}

static void without_memory_new_throws(void **)
{
    zmalloc_set_oom_handler(must_not_be_called);
    operators::check_without_memory(BEYOND_ADDRESS_SPACE);
    zmalloc_set_oom_handler(nullptr);
}

static void handlers_are_called(void **)
{
    if (under_valgrind())
        skip(); /* it calls no handler */
    operators::check_handlers(BEYOND_ADDRESS_SPACE);
}

static void the_allocator_reports(void **)
{
    assert_true(zmalloc_purge() <= (under_emulator() ? 1 : 0));
    assert_non_null(zmalloc_backend_version());
    assert_true(zmalloc_stats_print([](void *, const char *) {}, nullptr) <= 0);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_objects_are_counted),
        cmocka_unit_test(exceptions_come_through),
        cmocka_unit_test(each_operator_is_replaced),
        cmocka_unit_test(without_memory_new_throws),
        cmocka_unit_test(handlers_are_called),
        cmocka_unit_test(the_allocator_reports),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
