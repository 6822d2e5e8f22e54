// SPDX-License-Identifier: BSD-3-Clause

/*
 * A C++ program: the out-of-memory handler throws, main catches, and the library still works. The
 * first argument names the backend that must be active.
 */

#include <zmalloc.h>
#include <zmalloc_backend.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace
{

struct no_memory : std::bad_alloc {
    explicit no_memory(std::size_t asked) : size(asked)
    {
    }
    std::size_t size;
};

[[noreturn]] void throw_no_memory(std::size_t size)
{
    throw no_memory(size);
}

void require(bool good, const char *what)
{
    if (good)
        return;
    std::fprintf(stderr, "catch: %s\n", what);
    std::exit(EXIT_FAILURE);
}

// Volatile, so no compiler warns of it.
volatile std::size_t too_large = SIZE_MAX;

template <typename Request> void expect_no_memory(const char *name, Request request)
{
    std::size_t size = 0;
    // Its destructor must run as the exception passes.
    struct witness {
        bool *gone;
        ~witness()
        {
            *gone = true;
        }
    };
    bool gone = false;

    try {
        witness on_the_way{&gone};
        void *volatile block = request();
        static_cast<void>(block);
    } catch (const no_memory &error) {
        size = error.size;
    }
    require(size == SIZE_MAX && gone, name);
}

void expect_no_memory_of_all()
{
    void *block = zmalloc(100);

    expect_no_memory("zmalloc", [] { return zmalloc(too_large); });
    expect_no_memory("zcalloc", [] { return zcalloc(too_large); });
    expect_no_memory("zcalloc_num", [] { return zcalloc_num(too_large, 2); });
    expect_no_memory("zrealloc", [] { return zrealloc(nullptr, too_large); });
    expect_no_memory("zreallocarray", [&] { return zreallocarray(block, too_large, 2); });
    expect_no_memory("zmalloc_usable", [] { return zmalloc_usable(too_large, nullptr); });
    expect_no_memory("zcalloc_usable", [] { return zcalloc_usable(too_large, nullptr); });
    expect_no_memory("zrealloc_usable",
                     [] { return zrealloc_usable(nullptr, too_large, nullptr); });
    expect_no_memory("zmalloc_aligned", [] { return zmalloc_aligned(64, too_large); });
    expect_no_memory("zmalloc_cache_aligned", [] { return zmalloc_cache_aligned(too_large); });
    zfree(block);
}

// What a container needs to allocate from zmalloc.
template <typename T> struct allocator {
    using value_type = T;

    allocator() = default;
    template <typename U> explicit allocator(const allocator<U> &)
    {
    }

    T *allocate(std::size_t count)
    {
        return static_cast<T *>(zreallocarray(nullptr, count, sizeof(T)));
    }
    void deallocate(T *block, std::size_t)
    {
        zfree(block);
    }

    bool operator==(const allocator &) const
    {
        return true;
    }
    bool operator!=(const allocator &) const
    {
        return false;
    }
};

void use_container()
{
    std::vector<std::uint64_t, allocator<std::uint64_t>> numbers;

    for (std::uint64_t i = 0; i < 10000; i++)
        numbers.push_back(i);
    require(numbers.back() == 9999, "the container lost its contents");
    require(zmalloc_used_memory() == zmalloc_size(numbers.data()), "the container is not counted");
}

// C++'s own memory is not ours.
void use_new()
{
    std::size_t before = zmalloc_used_memory();
    std::string text(100000, 'x');

    require(zmalloc_used_memory() == before, "operator new is counted");
}

} // namespace

int main(int argc, char **argv)
{
    require(argc == 2, "usage: catch BACKEND");
    zmalloc_set_oom_handler(throw_no_memory);
    // The very first call: it makes the choice, and then throws.
    expect_no_memory("the first call", [] { return zmalloc(too_large); });
    require(std::strcmp(zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    expect_no_memory_of_all();
    use_container();
    use_new();
    require(zmalloc_used_memory() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
