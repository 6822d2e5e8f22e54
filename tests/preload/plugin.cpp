/* SPDX-License-Identifier: BSD-3-Clause */

/* A plug-in in C++, which brings the C++ library into a program in C. It allocates in a constructor,
 * with the operators and with malloc. */

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace
{
std::map<int, std::string> numbers = {{1, "a text that is too long for the object itself"}};
}

extern "C" __attribute__((visibility("default"))) char *plugin_make()
{
    std::string text = numbers.at(1);

    text = "made by a plug-in";
    return strdup(text.c_str());
}
