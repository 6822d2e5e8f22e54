// SPDX-License-Identifier: BSD-3-Clause

/*
 * A C++ program such as a user of zmalloc.hpp would write: containers, a resource and owners, on
 * the backend that the first argument names. Its memory is counted, and it catches running out of
 * memory.
 */

#include <zmalloc.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace
{

using string = std::basic_string<char, std::char_traits<char>, zmalloc::allocator<char>>;
using index =
    std::map<int, string, std::less<int>, zmalloc::allocator<std::pair<const int, string>>>;

void require(bool good, const char *what)
{
    if (good)
        return;
    std::fprintf(stderr, "own: %s\n", what);
    std::exit(EXIT_FAILURE);
}

void use_containers()
{
    index numbers;

    for (int i = 0; i < 1000; i++)
        numbers[i] = string(100, 'x');
    require(zmalloc_used_memory() > std::size_t(1000) * 100, "the containers are not counted");
}

void use_owners()
{
    zmalloc::unique_ptr<char> text(zstrdup("text"));
    zmalloc::unique_ptr<string> object = zmalloc::make_unique<string>("one");
    zmalloc::unique_ptr<string[]> array = zmalloc::make_unique<string[]>(10);

    require(std::strcmp(text.get(), "text") == 0 && array[9].empty(), "they own something else");
}

void use_resource()
{
#if ZMALLOC_HAS_MEMORY_RESOURCE
    std::pmr::vector<int> numbers(1000, 7, zmalloc::resource());

    require(zmalloc_used_memory() == zmalloc_size(numbers.data()), "the resource is not counted");
#endif
}

void catch_no_memory()
{
    std::vector<char, zmalloc::allocator<char>> bytes;
    bool caught = false;

    try {
        bytes.reserve(bytes.max_size());
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    require(caught, "there is memory without end");
}

} // namespace

int main(int argc, char **argv)
{
    require(argc >= 2, "usage: own BACKEND");
    use_containers();
    use_owners();
    use_resource();
    catch_no_memory();
    require(std::strcmp(zmalloc_backend_name(), argv[1]) == 0, "another backend is active");
    require(zmalloc_used_memory() == 0, "something is left in use");
    return EXIT_SUCCESS;
}
