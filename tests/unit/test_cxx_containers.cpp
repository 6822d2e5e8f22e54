/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc.hpp: containers over zmalloc::allocator work as with any allocator; all their memory is
 * counted, and is released. */

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "zmalloc.hpp"

extern "C" {
#include "support.h"
}

namespace
{

template <typename T> using vector = std::vector<T, zmalloc::allocator<T>>;
template <typename T> using list = std::list<T, zmalloc::allocator<T>>;
template <typename T> using deque = std::deque<T, zmalloc::allocator<T>>;
template <typename T> using set = std::set<T, std::less<T>, zmalloc::allocator<T>>;
template <typename K, typename V>
using map = std::map<K, V, std::less<K>, zmalloc::allocator<std::pair<const K, V>>>;
using string = std::basic_string<char, std::char_traits<char>, zmalloc::allocator<char>>;

struct string_hash {
    std::size_t operator()(const string &text) const
    {
        return std::hash<std::string_view>()(text);
    }
};
using counts = std::unordered_map<string, int, string_hash, std::equal_to<string>,
                                  zmalloc::allocator<std::pair<const string, int>>>;

constexpr int COUNT = 1000;

string long_text(int number)
{
    return string(static_cast<std::size_t>(30 + number % 300),
                  static_cast<char>('a' + number % 26));
}

/* ---- Containers ---- */

/* Its elements are the numbers from 0 on. */
template <typename Container> void check_numbers(const Container &numbers)
{
    int expected = 0;

    for (int number : numbers)
        assert_int_equal(number, expected++);
    assert_int_equal(expected, COUNT);
    assert_true(zmalloc_used_memory() >= COUNT * sizeof(int));
}

template <typename Container> void fill_from_behind()
{
    Container numbers;

    for (int i = 0; i < COUNT; i++)
        numbers.insert(numbers.end(), i);
    check_numbers(numbers);
    numbers.erase(numbers.begin());
    numbers.insert(numbers.begin(), 0);
    check_numbers(numbers);
}

void sequences_and_sets(void **)
{
    fill_from_behind<vector<int>>();
    fill_from_behind<list<int>>();
    fill_from_behind<deque<int>>();
    fill_from_behind<set<int>>();
}

void vectors_count_for_their_block(void **)
{
    vector<int> numbers;

    for (int i = 0; i < COUNT; i++) {
        numbers.push_back(i);
        assert_true(zmalloc_used_memory() == zmalloc_size(numbers.data()));
        assert_true(zmalloc_usable_size(numbers.data()) >= numbers.capacity() * sizeof(int));
    }
    numbers.clear();
    numbers.shrink_to_fit();
    assert_true(zmalloc_used_memory() == 0);
}

void maps_of_strings(void **)
{
    map<int, string> by_number;
    counts by_text;

    for (int i = 0; i < COUNT; i++) {
        by_number[i * 7 % COUNT] = long_text(i);
        by_text[long_text(i)]++;
    }
    for (int i = 0; i < COUNT; i++)
        assert_true(by_number[i * 7 % COUNT] == long_text(i));
    assert_true(by_number.size() == COUNT);
    by_text.rehash(10 * COUNT);
    assert_int_equal(by_text.at(long_text(0)), 1);
    assert_true(zmalloc_used_memory() > std::size_t(COUNT) * 30);
}

void nested_containers(void **)
{
    map<string, vector<list<string>>> all;

    for (int i = 0; i < COUNT; i++)
        all[long_text(i % 50)].emplace_back(3, long_text(i));
    for (const auto &[text, lists] : all)
        assert_true(!text.empty() && lists.size() == COUNT / 50);
}

/* A type may contain a container of itself, which is incomplete at that point. */
struct tree {
    vector<tree> children;
    string name;
};

void a_type_may_contain_itself(void **)
{
    tree root{{}, long_text(1)};

    for (int i = 0; i < 10; i++)
        root.children.push_back(tree{vector<tree>(3), long_text(i)});
    assert_true(root.children[9].children.size() == 3);
}

/* ---- Shared objects ---- */

void shared_objects_are_counted(void **)
{
    std::weak_ptr<string> watched;
    {
        auto text = std::allocate_shared<string>(zmalloc::allocator<string>(), long_text(100));
        auto again = text;

        assert_true(zmalloc_used_memory() > sizeof(string) + 130);
        watched = again;
    }
    assert_true(watched.expired());
    assert_true(zmalloc_used_memory() >= sizeof(string));
    watched.reset();
    assert_true(zmalloc_used_memory() == 0);
}

/* ---- Allocators among each other ---- */

using traits = std::allocator_traits<zmalloc::allocator<int>>;
static_assert(std::is_empty_v<zmalloc::allocator<int>>);
static_assert(sizeof(vector<int>) == sizeof(std::vector<int>));
static_assert(traits::is_always_equal::value);
static_assert(traits::propagate_on_container_copy_assignment::value);
static_assert(traits::propagate_on_container_move_assignment::value);
static_assert(traits::propagate_on_container_swap::value);
static_assert(std::is_same_v<traits::rebind_alloc<string>, zmalloc::allocator<string>>);
static_assert(std::is_convertible_v<zmalloc::allocator<void>, zmalloc::allocator<int>>);
static_assert(std::is_nothrow_move_assignable_v<vector<int>>);
static_assert(std::is_nothrow_swappable_v<vector<int>>);

void one_gives_back_what_another_got(void **)
{
    zmalloc::allocator<std::uint64_t> numbers;
    traits::rebind_alloc<std::uint64_t> same(numbers);
    const zmalloc::allocator<int> other(numbers);

    assert_true(numbers == same && !(numbers != same));
    assert_true(numbers == other && !(other != numbers));
    std::uint64_t *block = numbers.allocate(100);
    same = numbers;
    same.deallocate(block, 100);
    block = std::allocator_traits<zmalloc::allocator<std::uint64_t>>::allocate(same, 7);
    zmalloc::allocator<std::uint64_t>(other).deallocate(block, 7);
}

void containers_trade_their_blocks(void **)
{
    vector<string> one(100, long_text(100));
    vector<string> other(200, long_text(200));
    const string *first = one.data();
    const string *second = other.data();

    std::swap(one, other);
    assert_true(one.data() == second && other.data() == first);
    one = std::move(other);
    assert_true(one.data() == first && one.size() == 100);
    vector<string> third(std::move(one), zmalloc::allocator<string>());
    assert_true(third.data() == first);
    other = third;
    assert_true(other == third && other.data() != first);
    list<string> from(3, long_text(1)), to;
    to.splice(to.begin(), from);
    assert_true(to.size() == 3 && from.empty());
}

/* ---- Alignment ---- */

template <std::size_t ALIGNMENT> struct alignas(ALIGNMENT) aligned {
    unsigned char first = 1;
};

template <typename T> bool is_aligned(const T &object)
{
    return reinterpret_cast<std::uintptr_t>(&object) % alignof(T) == 0;
}

template <typename T> void check_alignment()
{
    vector<T> objects(1);
    list<T> nodes(3);
    auto shared = std::allocate_shared<T>(zmalloc::allocator<T>());

    for (int i = 0; i < 20; i++) {
        objects.emplace_back();
        assert_true(is_aligned(objects.front()) && objects.back().first == 1);
    }
    for (const T &object : nodes)
        assert_true(is_aligned(object));
    assert_true(is_aligned(*shared));
}

void objects_have_their_alignment(void **)
{
    check_alignment<aligned<1>>();
    check_alignment<aligned<2>>();
    check_alignment<aligned<4>>();
    check_alignment<aligned<8>>();
    check_alignment<aligned<16>>();
    check_alignment<aligned<32>>();
    check_alignment<aligned<64>>();
    check_alignment<aligned<4096>>();
}

void no_element_is_a_block_as_well(void **)
{
    zmalloc::allocator<aligned<64>> wide;
    zmalloc::allocator<char> narrow;
    aligned<64> *nothing = wide.allocate(0);
    char *other = narrow.allocate(0);

    assert_true(nothing != nullptr && is_aligned(*nothing) && other != nullptr);
    wide.deallocate(nothing, 0);
    narrow.deallocate(other, 0);
}

/* ---- Failures ---- */

struct weighed {
    std::uint64_t weight[3];
};

/* The name of the exception that allocating so many throws. */
template <typename T> const char *thrown_for(std::size_t count)
{
    try {
        zmalloc::allocator<T>().deallocate(zmalloc::allocator<T>().allocate(count), count);
    } catch (const std::bad_array_new_length &) {
        return "bad_array_new_length";
    } catch (const std::bad_alloc &) {
        return "bad_alloc";
    }
    return "nothing";
}

void must_not_be_called(std::size_t)
{
    child_fail("the out-of-memory handler was called", __FILE__, __LINE__);
}

template <typename T> void check_too_many()
{
    std::size_t most = zmalloc::allocator<T>::max_size();

    assert_true(most * sizeof(T) < SIZE_MAX / 2 && (most + 1) * sizeof(T) >= SIZE_MAX / 2);
    assert_string_equal(thrown_for<T>(most + 1), "bad_array_new_length");
    assert_string_equal(thrown_for<T>(SIZE_MAX / sizeof(T)), "bad_array_new_length");
    assert_string_equal(thrown_for<T>(SIZE_MAX), "bad_array_new_length");
    assert_string_equal(thrown_for<T>(BEYOND_ADDRESS_SPACE / sizeof(T) + 1), "bad_alloc");
    assert_string_equal(thrown_for<T>(10), "nothing");
}

void too_many_elements_throw(void **)
{
    no_room_on_32_bits();
    zmalloc_set_oom_handler(must_not_be_called);
    check_too_many<char>();
    check_too_many<weighed>();
    check_too_many<aligned<64>>();
    zmalloc_set_oom_handler(nullptr);
}

void containers_know_the_most(void **)
{
    vector<weighed> all(10);
    bool refused = false;

    assert_true(all.max_size() <= zmalloc::allocator<weighed>::max_size());
    try {
        all.reserve(all.max_size() + 1);
    } catch (const std::length_error &) {
        refused = true;
    }
    assert_true(refused && all.size() == 10);
}

/* Its third copy fails. */
struct reluctant {
    explicit reluctant(int *of) : left(of)
    {
    }
    reluctant(const reluctant &other) : left(other.left), text(other.text)
    {
        if (--*left == 0)
            throw std::runtime_error("no more");
    }
    int *left;
    string text = long_text(200);
};

void an_exception_leaves_nothing_behind(void **)
{
    int copies = 3;
    bool caught = false;

    try {
        vector<reluctant> all(10, reluctant(&copies));
    } catch (const std::runtime_error &) {
        caught = true;
    }
    assert_true(caught && zmalloc_used_memory() == 0);
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        zm_test(sequences_and_sets),
        zm_test(vectors_count_for_their_block),
        zm_test(maps_of_strings),
        zm_test(nested_containers),
        zm_test(a_type_may_contain_itself),
        zm_test(shared_objects_are_counted),
        zm_test(one_gives_back_what_another_got),
        zm_test(containers_trade_their_blocks),
        zm_test(objects_have_their_alignment),
        zm_test(no_element_is_a_block_as_well),
        zm_test(too_many_elements_throw),
        zm_test(containers_know_the_most),
        zm_test(an_exception_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
