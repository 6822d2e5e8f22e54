/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc.hpp: zmalloc::memory_resource, under the containers and the other resources of std::pmr. */

#include <cstdint>
#include <cstdlib>
#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "zmalloc.hpp"

extern "C" {
#include "support.h"
}

#if ZMALLOC_HAS_MEMORY_RESOURCE

namespace
{

/* ---- Containers ---- */

std::pmr::string long_text(int number)
{
    return std::pmr::string(static_cast<std::size_t>(30 + number % 300),
                            static_cast<char>('a' + number % 26), zmalloc::resource());
}

void containers_are_counted(void **)
{
    std::pmr::vector<std::pmr::string> texts(zmalloc::resource());
    std::pmr::map<int, std::pmr::string> sorted(zmalloc::resource());
    std::pmr::unordered_map<int, std::pmr::list<int>> hashed(zmalloc::resource());

    for (int i = 0; i < 1000; i++) {
        std::size_t before = zmalloc_used_memory();

        texts.push_back(long_text(i));
        sorted.emplace(i, long_text(i));
        hashed[i % 100].push_back(i);
        assert_true(zmalloc_used_memory() >= before + 60);
    }
    for (int i = 0; i < 1000; i++)
        assert_true(texts[static_cast<std::size_t>(i)] == sorted.at(i));
    assert_true(hashed.size() == 100 && hashed.at(7).size() == 10);
}

void a_vector_counts_for_its_block(void **)
{
    zmalloc::memory_resource resource;
    std::pmr::vector<int> numbers(1000, 7, &resource);

    assert_true(zmalloc_used_memory() == zmalloc_size(numbers.data()));
}

void equal_resources_trade_blocks(void **)
{
    zmalloc::memory_resource resource;
    std::pmr::vector<int> one(1000, 7, &resource);
    std::pmr::vector<int> other(zmalloc::resource());
    std::pmr::vector<int> elsewhere(std::pmr::new_delete_resource());
    const int *block = one.data();

    other = std::move(one);
    assert_true(other.data() == block);
    elsewhere = std::move(other);
    assert_true(elsewhere.data() != block && elsewhere.size() == 1000);
}

/* ---- Resources ---- */

struct another : std::pmr::memory_resource {
    void *do_allocate(std::size_t, std::size_t) override
    {
        return nullptr;
    }
    void do_deallocate(void *, std::size_t, std::size_t) override
    {
    }
    bool do_is_equal(const std::pmr::memory_resource &) const noexcept override
    {
        return false;
    }
};

void all_of_the_class_are_equal(void **)
{
    zmalloc::memory_resource one, other;
    another stranger;

    assert_true(zmalloc::resource() == zmalloc::resource());
    assert_true(one == other && one.is_equal(one) && one == *zmalloc::resource());
    assert_true(one != *std::pmr::new_delete_resource() && one != stranger);
    assert_true(one != *std::pmr::null_memory_resource());
}

void others_stand_over_it(void **)
{
    std::pmr::monotonic_buffer_resource buffer(zmalloc::resource());
    std::pmr::unsynchronized_pool_resource pool(zmalloc::resource());

    for (std::pmr::memory_resource *over : {static_cast<std::pmr::memory_resource *>(&buffer),
                                            static_cast<std::pmr::memory_resource *>(&pool)}) {
        std::size_t before = zmalloc_used_memory();
        std::pmr::map<int, int> squares(over);

        for (int i = 0; i < 1000; i++)
            squares[i] = i * i;
        assert_true(zmalloc_used_memory() >= before + 1000 * 2 * sizeof(int));
    }
    buffer.release();
    pool.release();
}

/* Made before the resource, so destroyed after everything static in it. */
struct late_user {
    ~late_user()
    {
        std::pmr::string text(1000, 'x', zmalloc::resource());

        child_check(zmalloc_used_memory() == zmalloc_size(text.data()));
    }
};

void use_after_static_objects(void *)
{
    static late_user made_before;

    std::pmr::string(1000, 'x', zmalloc::resource()).clear();
    std::exit(0);
}

void it_outlives_static_objects(void **)
{
    struct outcome outcome = run_child(use_after_static_objects, nullptr);

    assert_exited_with(&outcome, 0);
}

/* ---- Blocks ---- */

/* Several at once, because the first block of a page is aligned for anything. */
void check_blocks(std::size_t size, std::size_t alignment)
{
    zmalloc::memory_resource other;
    void *blocks[4];

    for (void *&block : blocks) {
        block = zmalloc::resource()->allocate(size, alignment);
        assert_true(block != nullptr && reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
        assert_true(zmalloc_usable_size(block) >= size);
        stamp(block, size, 1);
    }
    for (void *block : blocks) {
        assert_true(has_stamp(block, size, 1));
        other.deallocate(block, size, alignment);
    }
}

constexpr std::size_t sizes[] = {0, 1, 2, 7, 8, 12, 16, 17, 24, 100, 4096, 100000};

/* Also a block that is smaller than its alignment. */
void blocks_have_their_alignment(void **)
{
    for (std::size_t alignment = 1; alignment <= 65536; alignment *= 2)
        for (std::size_t size : sizes)
            check_blocks(size, alignment);
}

/* ---- Failures ---- */

void must_not_be_called(std::size_t)
{
    child_fail("the out-of-memory handler was called", __FILE__, __LINE__);
}

bool throws(std::size_t size, std::size_t alignment)
{
    try {
        zmalloc::resource()->deallocate(zmalloc::resource()->allocate(size, alignment), size,
                                        alignment);
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

void no_memory_throws(void **)
{
    no_room_on_32_bits();
    zmalloc_set_oom_handler(must_not_be_called);
    for (std::size_t alignment = 1; alignment <= 4096; alignment *= 4) {
        assert_true(throws(BEYOND_ADDRESS_SPACE, alignment));
        assert_true(throws(SIZE_MAX, alignment));
        assert_false(throws(100, alignment));
    }
    zmalloc_set_oom_handler(nullptr);
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        zm_test(containers_are_counted),       zm_test(a_vector_counts_for_its_block),
        zm_test(equal_resources_trade_blocks), zm_test(all_of_the_class_are_equal),
        zm_test(others_stand_over_it),         zm_test(it_outlives_static_objects),
        zm_test(blocks_have_their_alignment),  zm_test(no_memory_throws),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

#else

#include <cstdio>

int main()
{
    std::puts("skipped: the standard library has no <memory_resource>");
    return 77;
}

#endif
