/* SPDX-License-Identifier: BSD-3-Clause */

/* C++: containers whose memory is the library's, in threads and in thread_local objects, whose
 * destructors allocate and free when the thread ends. */

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include "support.h"
}

namespace
{

template <typename T> struct allocator {
    using value_type = T;

    allocator() = default;
    template <typename U> allocator(const allocator<U> &)
    {
    }
    T *allocate(std::size_t count)
    {
        void *block = zreallocarray(nullptr, count, sizeof(T));

        if (block == nullptr)
            throw std::bad_alloc();
        return static_cast<T *>(block);
    }
    void deallocate(T *block, std::size_t count)
    {
        zfree_with_size(block, count * sizeof(T));
    }
    template <typename U> bool operator==(const allocator<U> &) const
    {
        return true;
    }
    template <typename U> bool operator!=(const allocator<U> &) const
    {
        return false;
    }
};

using text = std::basic_string<char, std::char_traits<char>, allocator<char>>;
using texts = std::vector<text, allocator<text>>;
using index = std::map<int, text, std::less<int>, allocator<std::pair<const int, text>>>;

text long_text(int number)
{
    return text(static_cast<std::size_t>(100 + number % 500), static_cast<char>('a' + number % 26));
}

/* ---- Containers ---- */

void fill_and_check(index &numbers, int count)
{
    for (int i = 0; i < count; i++)
        numbers[i * 7 % count] = long_text(i);
    for (int i = 0; i < count; i++)
        child_check(numbers[i * 7 % count] == long_text(i));
}

void use_containers(void *)
{
    {
        index numbers;

        fill_and_check(numbers, 2000);
        child_check(zmalloc_used_memory() > std::size_t(2000) * 100);
        std::thread([&numbers] { numbers.clear(); }).join();
        child_check(zmalloc_used_memory() == 0);
    }
    child_check(zmalloc_used_memory() == 0);
}

void containers_are_counted(void **)
{
    struct outcome outcome = run_child(use_containers, nullptr);

    assert_exited_with(&outcome, 0);
}

/* ---- thread_local ---- */

std::atomic<int> destroyed;
std::atomic<void *> left_behind;

/* At its end it allocates for the first time, or as before. */
struct resident {
    int work_at_end = 0;
    texts lines;

    ~resident()
    {
        for (int i = 0; i < work_at_end; i++)
            lines.push_back(long_text(i));
        zfree(left_behind.exchange(zmalloc(300)));
        destroyed++;
    }
};

thread_local resident first;
thread_local resident second;
thread_local index numbers;

/* How much it does in its body, and in the destructors of its thread_local objects. */
void live(int in_body, int at_end)
{
    first.work_at_end = at_end;
    second.work_at_end = at_end / 2;
    for (int i = 0; i < in_body; i++) {
        first.lines.push_back(long_text(i));
        numbers[i] = long_text(i);
    }
}

void check_only_left_behind()
{
    child_check(zmalloc_used_memory() == zmalloc_size(left_behind.load()));
}

void live_one_by_one()
{
    for (int in_body : {0, 1, 10, 100})
        for (int at_end : {0, 1, 10, 100}) {
            int before = destroyed;

            std::thread(live, in_body, at_end).join();
            child_check(destroyed == before + 2);
            check_only_left_behind();
        }
}

void live_at_once()
{
    std::vector<std::thread> threads;

    for (int i = 0; i < 60; i++)
        threads.emplace_back(live, i % 5 * 20, i % 7 * 15);
    for (std::thread &thread : threads)
        thread.join();
    check_only_left_behind();
}

void run_thread_locals(void *)
{
    for (std::size_t i = 0; i < scaled(5); i++) {
        live_one_by_one();
        live_at_once();
    }
    zfree(left_behind.exchange(nullptr));
    child_check(zmalloc_used_memory() == 0);
}

void thread_locals_may_allocate_at_the_end(void **)
{
    struct outcome outcome = run_child(run_thread_locals, nullptr);

    assert_exited_with(&outcome, 0);
}

/* ---- Of the main thread: they go when the program does ---- */

void check_at_exit()
{
    check_only_left_behind();
    zfree(left_behind.exchange(nullptr));
    if (zmalloc_used_memory() == 0)
        std::puts("nothing used");
    std::fflush(stdout);
}

void exit_with_thread_locals(void *)
{
    child_check(std::atexit(check_at_exit) == 0);
    live(100, 100);
    std::exit(0);
}

void thread_locals_of_main_may_allocate(void **)
{
    struct outcome outcome = run_child(exit_with_thread_locals, nullptr);

    assert_exited_with(&outcome, 0);
    assert_string_equal(outcome.out, "nothing used\n");
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        zm_test(containers_are_counted),
        zm_test(thread_locals_may_allocate_at_the_end),
        zm_test(thread_locals_of_main_may_allocate),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
