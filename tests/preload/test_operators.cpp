/* SPDX-License-Identifier: BSD-3-Clause */

/* C++ with libzmalloc-preload.so: each operator new and each operator delete, exceptions, and the
 * program's handler for when there is no memory. Compiled so that no pair of them is left out. */

#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include "preload_support.h"
}

namespace
{

constexpr std::size_t too_large = SIZE_MAX / 2 - 4096;
constexpr std::align_val_t far_aligned{4096};

void *volatile kept; /* so that the compiler believes that it is needed */

void *keep(void *ptr)
{
    kept = ptr;
    return kept;
}

bool is_aligned(void *ptr, std::size_t alignment)
{
    return reinterpret_cast<std::uintptr_t>(ptr) % alignment == 0;
}

void each_operator_is_served(void **)
{
    const std::size_t before = used_memory();
    void *all[] = {
        keep(::operator new(100)),
        keep(::operator new[](100)),
        keep(::operator new(100, std::nothrow)),
        keep(::operator new[](100, std::nothrow)),
        keep(::operator new(100, far_aligned)),
        keep(::operator new[](100, far_aligned)),
        keep(::operator new(100, far_aligned, std::nothrow)),
        keep(::operator new[](100, far_aligned, std::nothrow)),
    };

    assert_true(used_memory() >= before + 8 * 100);
    for (std::size_t i = 4; i < 8; i++)
        assert_true(is_aligned(all[i], 4096));
    ::operator delete(all[0]);
    ::operator delete[](all[1], std::size_t{100});
    ::operator delete(all[2], std::nothrow);
    ::operator delete[](all[3], std::nothrow);
    ::operator delete(all[4], far_aligned);
    ::operator delete[](all[5], std::size_t{100}, far_aligned);
    ::operator delete(all[6], far_aligned, std::nothrow);
    ::operator delete[](all[7], far_aligned, std::nothrow);
    ::operator delete(nullptr);
    ::operator delete (keep(::operator new(10)), std::size_t{10});
    ::operator delete[](keep(::operator new[](10)));
    ::operator delete (keep(::operator new(10, far_aligned)), std::size_t{10}, far_aligned);
    ::operator delete[](keep(::operator new[](10, far_aligned)), far_aligned);
    assert_int_equal(used_memory(), before);
}

/* The two are one allocator. */
void what_new_gives_free_takes(void **)
{
    const std::size_t before = used_memory();

    std::free(keep(::operator new(100)));
    ::operator delete(keep(std::malloc(100)));
    assert_int_equal(used_memory(), before);
}

template <typename Function> bool throws_bad_alloc(Function function)
{
    try {
        keep(function());
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

void without_memory_new_throws(void **)
{
    assert_true(throws_bad_alloc([] { return ::operator new(too_large); }));
    assert_true(throws_bad_alloc([] { return ::operator new[](too_large); }));
    assert_true(throws_bad_alloc([] { return ::operator new(too_large, far_aligned); }));
    assert_true(throws_bad_alloc([] { return ::operator new[](too_large, far_aligned); }));
    assert_null(::operator new(too_large, std::nothrow));
    assert_null(::operator new[](too_large, std::nothrow));
    assert_null(::operator new(too_large, far_aligned, std::nothrow));
    assert_null(::operator new[](too_large, far_aligned, std::nothrow));
}

int calls;

void give_up_the_third_time()
{
    if (++calls == 3)
        std::set_new_handler(nullptr);
}

void the_handler_is_called(void **)
{
    std::set_new_handler(give_up_the_third_time);
    assert_true(throws_bad_alloc([] { return ::operator new(too_large); }));
    assert_int_equal(calls, 3);
    assert_null(std::get_new_handler());
}

thread_local std::string of_thread(1000, 'x');

void objects_of_threads_come_and_go(void **)
{
    for (int i = 0; i < 20; i++) {
        std::size_t length = 0;

        std::thread([&length] {
            of_thread += "more";
            length = of_thread.size();
        }).join();
        assert_int_equal(length, 1004);
    }
}

void exceptions_need_memory(void **)
{
    std::size_t caught = 0;

    for (std::size_t i = 0; i < 100; i++)
        try {
            std::vector<std::string> texts(i, std::string(i, 'x'));

            throw std::runtime_error(texts.empty() ? "none" : texts.front());
        } catch (const std::runtime_error &error) {
            caught += std::string(error.what()).size();
        }
    assert_int_equal(caught, 4 + 99 * 100 / 2);
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operator_is_served),
        cmocka_unit_test(what_new_gives_free_takes),
        cmocka_unit_test(without_memory_new_throws),
        cmocka_unit_test(the_handler_is_called),
        cmocka_unit_test(objects_of_threads_come_and_go),
        cmocka_unit_test(exceptions_need_memory),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
