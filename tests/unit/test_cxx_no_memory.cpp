/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc.hpp without memory, through the layer "fail": every request in turn fails, once or from
 * then on. Each failure is one std::bad_alloc, after which nothing is left in use. */

#include <csignal>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "zmalloc.hpp"
#include "zmalloc_fail.h"

extern "C" {
#include "support.h"
}

namespace
{

using string = std::basic_string<char, std::char_traits<char>, zmalloc::allocator<char>>;
using texts = std::vector<string, zmalloc::allocator<string>>;
using index = std::map<int, texts, std::less<int>, zmalloc::allocator<std::pair<const int, texts>>>;
using table = std::unordered_map<int, string, std::hash<int>, std::equal_to<int>,
                                 zmalloc::allocator<std::pair<const int, string>>>;

string long_text()
{
    return string(100, 'x');
}

/* ---- What needs memory ---- */

struct alignas(64) wide {
    string text = long_text();
};

void fill_containers()
{
    index all;
    table hashed;
    std::deque<string, zmalloc::allocator<string>> queue;
    std::list<wide, zmalloc::allocator<wide>> nodes;

    for (int i = 0; i < 10; i++) {
        all[i % 3].push_back(long_text());
        hashed[i] = long_text();
        queue.push_front(long_text());
        nodes.emplace_back();
    }
    index copy = all;
    copy = all;
}

void make_objects()
{
    auto shared = std::allocate_shared<string>(zmalloc::allocator<string>(), long_text());
    zmalloc::unique_ptr<string> one = zmalloc::make_unique<string>(long_text());
    auto more = zmalloc::make_unique<wide[]>(10);
    auto numbers = zmalloc::make_unique<int[]>(1000);
}

#if ZMALLOC_HAS_MEMORY_RESOURCE
void fill_from_a_resource()
{
    std::pmr::monotonic_buffer_resource buffer(zmalloc::resource());
    std::pmr::map<int, std::pmr::string> direct(zmalloc::resource());
    std::pmr::vector<std::pmr::string> over(&buffer);

    for (int i = 0; i < 10; i++) {
        direct[i].assign(100, 'x');
        over.emplace_back(1000, 'x');
    }
}
#endif

/* ---- Failures ---- */

void must_not_be_called(std::size_t)
{
    child_fail("the out-of-memory handler was called", __FILE__, __LINE__);
}

/* Whether work, under such a rule, ended with the exception. If so, a request has failed. */
bool fails(void (*work)(), const char *rule, std::size_t number)
{
    bool caught = false;

    assert_int_equal(zmalloc_fail((rule + std::to_string(number)).c_str()), 0);
    try {
        work();
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    assert_int_equal(zmalloc_fail_failures() > 0, caught);
    assert_true(zmalloc_used_memory() == 0);
    return caught;
}

void fail_at_each_request(void (*work)())
{
    zmalloc_set_oom_handler(must_not_be_called);
    for (const char *rule : {"nth:", "from:"}) {
        std::size_t requests = 1;

        while (fails(work, rule, requests))
            requests++;
        assert_true(requests > 5);
    }
    assert_int_equal(zmalloc_fail(nullptr), 0);
    zmalloc_set_oom_handler(nullptr);
}

void containers_end_cleanly(void **)
{
    fail_at_each_request(fill_containers);
}

void objects_end_cleanly(void **)
{
    fail_at_each_request(make_objects);
}

void a_resource_ends_cleanly(void **)
{
#if ZMALLOC_HAS_MEMORY_RESOURCE
    fail_at_each_request(fill_from_a_resource);
#else
    skip();
#endif
}

/* ---- A handler that throws ---- */

volatile std::size_t too_much = SIZE_MAX;
std::size_t thrown;

void throw_no_memory(std::size_t)
{
    thrown++;
    throw std::bad_alloc();
}

/* From that many frames deeper in the stack. */
__attribute__((noinline)) void ask_from_deeper(int frames)
{
    volatile char frame[200];

    frame[0] = 1;
    if (frames > 0)
        ask_from_deeper(frames - 1);
    else
        zfree(zmalloc(too_much));
    frame[1] = frame[0];
}

/* Each call comes from deeper in the stack than the last, whose handler has left. */
void a_handler_that_threw_counts_no_level(void **)
{
    std::size_t caught = 0;

    thrown = 0;
    zmalloc_set_oom_handler(throw_no_memory);
    for (int frames = 0; frames < 100; frames++) {
        try {
            ask_from_deeper(frames);
        } catch (const std::bad_alloc &) {
            caught++;
        }
    }
    zmalloc_set_oom_handler(nullptr);
    assert_int_equal(thrown, 100);
    assert_int_equal(caught, 100);
}

void ask_again(std::size_t)
{
    try {
        ask_from_deeper(0);
    } catch (...) {
        child_fail("the handler was called within itself", __FILE__, __LINE__);
    }
}

void throw_then_ask_again(void *)
{
    zmalloc_set_oom_handler(throw_no_memory);
    try {
        ask_from_deeper(3);
    } catch (const std::bad_alloc &) {
        zmalloc_set_oom_handler(ask_again);
    }
    ask_from_deeper(1);
}

void a_level_counts_after_an_exception(void **)
{
    struct outcome outcome = run_child(throw_then_ask_again, nullptr);

    assert_killed_by(&outcome, SIGABRT);
    assert_err_is_line_with(&outcome, "zmalloc: Out of memory trying to allocate ");
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        zm_test(containers_end_cleanly),
        zm_test(objects_end_cleanly),
        zm_test(a_resource_ends_cleanly),
        zm_test(a_handler_that_threw_counts_no_level),
        zm_test(a_level_counts_after_an_exception),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
