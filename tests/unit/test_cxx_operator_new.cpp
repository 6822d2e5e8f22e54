/* SPDX-License-Identifier: BSD-3-Clause */

/* A program whose operators use zmalloc. The allocator below may be written in C++ and call operator new
 * while it starts; it must get its own. Compiled so that no pair of them is left out. */

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "zmalloc_new_delete.hpp"

extern "C" {
#include "support.h"
}

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

static constexpr std::align_val_t far_aligned{4096};
static void *volatile kept; /* so that the compiler believes that it is needed */

static void *keep(void *block)
{
    kept = block;
    return kept;
}

static void each_operator_is_replaced(void **)
{
    if (under_valgrind())
        skip();
    const std::size_t before = zmalloc_used_memory();
    void *all[] = {
        keep(::operator new(100)),
        keep(::operator new[](100)),
        keep(::operator new(100, std::nothrow)),
        keep(::operator new[](100, std::nothrow)),
        keep(::operator new(100, far_aligned)),
        keep(::operator new[](100, far_aligned)),
        keep(::operator new(100, far_aligned, std::nothrow)),
        keep(::operator new[](100, far_aligned, std::nothrow)),
        keep(::operator new(0)),
    };

    assert_true(zmalloc_used_memory() >= before + 8 * 100 + 1);
    for (std::size_t i = 4; i < 8; i++)
        assert_int_equal(reinterpret_cast<std::uintptr_t>(all[i]) % 4096, 0);
    errno = EAGAIN;
    ::operator delete(all[0]);
    ::operator delete[](all[1], std::size_t{100});
    ::operator delete(all[2], std::nothrow);
    ::operator delete[](all[3], std::nothrow);
    ::operator delete(all[4], far_aligned);
    ::operator delete[](all[5], std::size_t{100}, far_aligned);
    ::operator delete(all[6], far_aligned, std::nothrow);
    ::operator delete[](all[7], far_aligned, std::nothrow);
    ::operator delete (all[8], std::size_t{0});
    ::operator delete(nullptr);
    assert_int_equal(errno, EAGAIN);
    ::operator delete (keep(::operator new(10)), std::size_t{10});
    ::operator delete[](keep(::operator new[](10)));
    ::operator delete (keep(::operator new(10, far_aligned)), std::size_t{10}, far_aligned);
    ::operator delete[](keep(::operator new[](10, far_aligned)), far_aligned);
    assert_int_equal(zmalloc_used_memory(), before);
}

static void must_not_be_called(std::size_t)
{
    child_fail("the out-of-memory handler was called", __FILE__, __LINE__);
}

template <typename Function> static bool throws_bad_alloc(Function function)
{
    try {
        keep(function());
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

static void without_memory_new_throws(void **)
{
    const std::size_t much = BEYOND_ADDRESS_SPACE;

    zmalloc_set_oom_handler(must_not_be_called);
    assert_true(throws_bad_alloc([] { return ::operator new(much); }));
    assert_true(throws_bad_alloc([] { return ::operator new[](much); }));
    assert_true(throws_bad_alloc([] { return ::operator new(much, far_aligned); }));
    assert_true(throws_bad_alloc([] { return ::operator new[](much, far_aligned); }));
    assert_null(::operator new(much, std::nothrow));
    assert_null(::operator new[](much, std::nothrow));
    assert_null(::operator new(much, far_aligned, std::nothrow));
    assert_null(::operator new[](much, far_aligned, std::nothrow));
    zmalloc_set_oom_handler(nullptr);
}

static int calls;

static void give_up_the_third_time()
{
    if (++calls == 3)
        std::set_new_handler(nullptr);
}

static void throw_at_once()
{
    throw std::bad_alloc();
}

static void handlers_are_called(void **)
{
    const std::size_t much = BEYOND_ADDRESS_SPACE;

    if (under_valgrind())
        skip(); /* it calls no handler */
    std::set_new_handler(give_up_the_third_time);
    assert_true(throws_bad_alloc([] { return ::operator new(much); }));
    assert_int_equal(calls, 3);
    assert_null(std::get_new_handler());
    std::set_new_handler(throw_at_once);
    assert_true(throws_bad_alloc([] { return ::operator new(much, far_aligned); }));
    assert_null(::operator new(much, std::nothrow));
    std::set_new_handler(nullptr);
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
        cmocka_unit_test(each_operator_is_replaced),
        cmocka_unit_test(without_memory_new_throws),
        cmocka_unit_test(handlers_are_called),
        cmocka_unit_test(the_allocator_reports),
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
