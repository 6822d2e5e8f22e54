/* SPDX-License-Identifier: BSD-3-Clause */

/* A C++ program. With an argument the plug-in is opened before the library is used, and again
 * after. */

#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <stdexcept>
#include <string>

#include "whose.h"

static void *address_of_new()
{
    return reinterpret_cast<void *>(static_cast<void *(*)(std::size_t)>(&::operator new));
}

static void *address_of_delete()
{
    return reinterpret_cast<void *>(static_cast<void (*)(void *) noexcept>(&::operator delete));
}

static void use_cpp()
{
    std::map<int, std::string> strings;

    for (int i = 0; i < 1000; i++)
        strings[i] = std::string(static_cast<std::size_t>(i), 'x');
    try {
        throw std::runtime_error(strings[999]);
    } catch (const std::exception &error) {
        if (std::strlen(error.what()) != 999)
            std::exit(5);
    }
}

static void report_program(const char *when)
{
    report_process(when);
    report("operator new, as the program calls it", address_of_new());
    report("operator delete, as the program calls it", address_of_delete());
    use_cpp();
}

int main(int count, char **)
{
    report_program("at first");
    if (count > 1)
        run_plugin();
    use_zmalloc();
    report_program("in use");
    run_plugin();
    use_zmalloc();
    run_plugin();
    report_program("at last");
    return 0;
}
