/* SPDX-License-Identifier: BSD-3-Clause */

/* C++ with libzmalloc-preload.so: each operator new and each operator delete, exceptions, and the
 * program's handler for when there is no memory. Compiled so that no pair of them is left out. */

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

extern "C" {
#include "preload_support.h"
}
#include "operators.hpp"

namespace
{

constexpr std::size_t too_large = SIZE_MAX / 2 - 4096;

void each_operator_is_served(void **)
{
    operators::check_each(used_memory);
}

/* The two are one allocator. */
void what_new_gives_free_takes(void **)
{
    const std::size_t before = used_memory();

    std::free(operators::keep(::operator new(100)));
    ::operator delete(operators::keep(std::malloc(100)));
    assert_int_equal(used_memory(), before);
}

void without_memory_new_throws(void **)
{
    operators::check_without_memory(too_large);
}

void the_handler_is_called(void **)
{
    operators::check_handlers(too_large);
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
#if SIZE_MAX <= UINT32_MAX
    /* A 64-bit kernel gives a 32-bit program 4 GiB, which has room for too_large. support.c needs the library. */
    struct rlimit space;

    getrlimit(RLIMIT_AS, &space);
    space.rlim_cur = std::min<rlim_t>(space.rlim_cur, 1 << 30);
    if (setrlimit(RLIMIT_AS, &space) != 0) {
        std::perror("setrlimit");
        return 1;
    }
#endif
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
