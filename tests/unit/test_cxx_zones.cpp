/* SPDX-License-Identifier: BSD-3-Clause */

/* Containers in a zone: the zone has exactly what they have, and goes with them. */

#include <list>
#include <map>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "zmalloc.hpp"

extern "C" {
#include "support.h"
}

namespace
{

template <typename T> using allocator = zmalloc::zone_allocator<T>;
template <typename T> using vector = std::vector<T, allocator<T>>;

struct zone {
    explicit zone(const char *name) : it(zmalloc_zone_create(name, nullptr))
    {
        assert_non_null(it);
    }
    ~zone()
    {
        assert_int_equal(zmalloc_zone_destroy(it, nullptr), 0);
    }
    zone(const zone &) = delete;
    zone &operator=(const zone &) = delete;

    std::size_t used() const
    {
        return zmalloc_zone_used(it);
    }

    struct zmalloc_zone *it;
};

void containers_are_in_their_zone(void **)
{
    zone ours("ours");
    {
        vector<int> numbers{allocator<int>(ours.it)};
        std::map<int, int, std::less<int>, allocator<std::pair<const int, int>>> map{
            allocator<std::pair<const int, int>>(ours.it)};

        for (int i = 0; i < 1000; i++) {
            numbers.push_back(i);
            map[i] = i;
        }
        /* A node of the map is a pair and at least three pointers. */
        assert_true(ours.used() >= 1000 * (3 * sizeof(int) + 3 * sizeof(void *)));
        assert_int_equal(ours.used(), zmalloc_used_memory());
        assert_true(numbers.get_allocator().zone() == ours.it);
    }
    assert_int_equal(ours.used(), 0);
}

void a_zone_goes_with_its_blocks(void **)
{
    zone ours("ours");
    zone theirs("theirs");
    {
        vector<int> one(100, 1, allocator<int>(ours.it));
        vector<int> other(50, 2, allocator<int>(theirs.it));

        assert_true(one.get_allocator() != other.get_allocator());
        assert_true(one.get_allocator() == allocator<char>(ours.it));
        std::swap(one, other);
        assert_int_equal(one.size(), 50);
        assert_true(one.get_allocator().zone() == theirs.it);
        other = std::move(one);
        assert_int_equal(ours.used(), 0);
        one = other;
        assert_int_equal(theirs.used(), zmalloc_used_memory());
    }
    assert_int_equal(theirs.used(), 0);
}

struct alignas(64) wide {
    char bytes[64];
};

void alignment_and_failures(void **)
{
    zone ours("ours");
    {
        vector<wide> blocks(3, wide(), allocator<wide>(ours.it));
        bool thrown = false;

        assert_int_equal(reinterpret_cast<std::uintptr_t>(blocks.data()) % 64, 0);
        assert_int_equal(zmalloc_zone_set_limit(ours.it, 100000), 0);
        try {
            blocks.resize(100000);
        } catch (const std::bad_alloc &) {
            thrown = true;
        }
        assert_true(thrown);
        thrown = false;
        try {
            blocks.resize(allocator<wide>::max_size());
        } catch (const std::bad_alloc &) {
            thrown = true;
        }
        assert_true(thrown);
        assert_int_equal(blocks.size(), 3);
    }
}

void no_zone_is_allowed(void **)
{
    vector<int> numbers(100, 1, allocator<int>(nullptr));

    assert_true(zmalloc_used_memory() >= 100 * sizeof(int));
}

#if ZMALLOC_HAS_MEMORY_RESOURCE
void a_resource_is_in_its_zone(void **)
{
    zone ours("ours");
    zmalloc::zone_resource resource(ours.it);
    zmalloc::zone_resource other(ours.it);
    {
        std::pmr::vector<std::pmr::string> texts(&resource);

        for (int i = 0; i < 100; i++)
            texts.emplace_back("a text that is too long for the object itself, so it has a block");
        assert_int_equal(ours.used(), zmalloc_used_memory());
        assert_true(ours.used() > 100 * 60);
    }
    assert_int_equal(ours.used(), 0);
    assert_true(resource.is_equal(resource));
    assert_false(resource.is_equal(other));
}
#endif

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        zm_test(containers_are_in_their_zone),
        zm_test(a_zone_goes_with_its_blocks),
        zm_test(alignment_and_failures),
        zm_test(no_zone_is_allowed),
#if ZMALLOC_HAS_MEMORY_RESOURCE
        zm_test(a_resource_is_in_its_zone),
#endif
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
