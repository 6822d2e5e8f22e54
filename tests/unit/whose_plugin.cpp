/* SPDX-License-Identifier: BSD-3-Clause */

/* An ordinary C++ plug-in: strings, containers, exceptions, threads. */

#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "whose.h"

static std::string describe(int number)
{
    std::ostringstream stream;

    stream << "a text that is too long for the string itself, and its number is " << number;
    return stream.str();
}

static bool throws_and_catches()
{
    try {
        throw std::runtime_error(describe(7));
    } catch (const std::exception &error) {
        return error.what() == describe(7);
    }
}

static bool works_in_threads()
{
    std::vector<std::string> texts(4);
    std::vector<std::thread> threads;

    for (std::size_t i = 0; i < texts.size(); i++)
        threads.emplace_back([&texts, i] { texts[i] = describe(static_cast<int>(i)); });
    for (std::thread &thread : threads)
        thread.join();
    return texts[3] == describe(3);
}

/* Whether the C library's malloc counts what operator new hands out. */
static bool new_is_over_libc()
{
    const std::size_t size = std::size_t(64) << 20;
    std::size_t before = mallinfo2().hblkhd;
    void *block = ::operator new(size);
    bool is_counted = mallinfo2().hblkhd >= before + size;

    ::operator delete(block);
    return is_counted;
}

extern "C" __attribute__((visibility("default"))) int whose_plugin(void (*tell)(const char *name,
                                                                                void *function))
{
    tell("malloc", reinterpret_cast<void *>(&std::malloc));
    tell("free", reinterpret_cast<void *>(&std::free));
    tell("operator new",
         reinterpret_cast<void *>(static_cast<void *(*)(std::size_t)>(&::operator new)));
    tell("operator delete",
         reinterpret_cast<void *>(static_cast<void (*)(void *) noexcept>(&::operator delete)));
    std::printf("  operator new is%s over the C library's malloc\n",
                new_is_over_libc() ? "" : " not");
    return throws_and_catches() && works_in_threads() ? 0 : 1;
}
