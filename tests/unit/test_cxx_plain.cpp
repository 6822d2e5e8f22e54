/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc.hpp compiled without exceptions and without RTTI: the out-of-memory handler is called
 * instead of throwing an exception, and nothing else changes. */

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "zmalloc.hpp"

extern "C" {
#include "support.h"
}

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this is to be compiled without both"
#endif

namespace
{

/* Volatile, so no compiler warns of it. */
volatile std::size_t too_many = SIZE_MAX / 2;
volatile std::size_t too_much = BEYOND_ADDRESS_SPACE;

void request_too_many(void *)
{
    zmalloc::allocator<int>().deallocate(zmalloc::allocator<int>().allocate(too_many), too_many);
}

void request_too_much(void *)
{
    zmalloc::allocator<char>().deallocate(zmalloc::allocator<char>().allocate(too_much), too_much);
}

void make_too_many(void *)
{
    auto array = zmalloc::make_unique<std::string[]>(too_many);

    array[0] = "not reached";
}

/* Asserts that it ends with these words from the default handler. A sanitizer prints its own before
 * them. */
void check_default(void (*body)(void *), std::size_t size)
{
    struct outcome outcome = run_child(body, nullptr);
    std::string line =
        "zmalloc: Out of memory trying to allocate " + std::to_string(size) + " bytes\n";

    assert_killed_by(&outcome, SIGABRT);
    assert_non_null(std::strstr(outcome.err, line.c_str()));
}

void the_default_handler_is_called(void **)
{
    check_default(request_too_many, SIZE_MAX / 2);
    check_default(make_too_many, SIZE_MAX / 2);
    check_default(request_too_much, BEYOND_ADDRESS_SPACE);
}

void return_from_it(void *)
{
    zmalloc_set_oom_handler([](std::size_t) { std::fputs("called\n", stderr); });
    request_too_many(nullptr);
}

void a_handler_that_returns_ends_the_program(void **)
{
    struct outcome outcome = run_child(return_from_it, nullptr);

    assert_killed_by(&outcome, SIGABRT);
    assert_err_is(&outcome, "called\n");
}

void containers_are_counted(void **)
{
    std::vector<int, zmalloc::allocator<int>> numbers(1000);

    assert_true(zmalloc_used_memory() == zmalloc_size(numbers.data()));
}

/* ---- What others do with RTTI ---- */

struct named {
    virtual ~named() = default;
    std::string name = "something";
};

struct shape {
    virtual ~shape() = default;
    int corners = 4;
};

struct square : named, shape {
};

void objects_are_owned_through_their_bases(void **)
{
    zmalloc::unique_ptr<shape> second = zmalloc::make_unique<square>();

    assert_int_equal(second->corners, 4);
    assert_true(static_cast<void *>(static_cast<named *>(static_cast<square *>(second.get()))) !=
                static_cast<void *>(second.get()));
}

#if ZMALLOC_HAS_MEMORY_RESOURCE
struct another : std::pmr::memory_resource {
    void *do_allocate(std::size_t, std::size_t) override
    {
        return nullptr;
    }
    void do_deallocate(void *, std::size_t, std::size_t) override
    {
    }
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
    {
        return this == &other;
    }
};

void resources_know_their_like(void **)
{
    zmalloc::memory_resource one, other;
    another stranger;

    assert_true(one == other && one == *zmalloc::resource());
    assert_true(one != stranger && one != *std::pmr::new_delete_resource());
}
#endif

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        zm_test(the_default_handler_is_called),
        zm_test(a_handler_that_returns_ends_the_program),
        zm_test(containers_are_counted),
        zm_test(objects_are_owned_through_their_bases),
#if ZMALLOC_HAS_MEMORY_RESOURCE
        zm_test(resources_know_their_like),
#endif
    };

    no_room_on_32_bits();
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
