/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc.hpp under the layer debug: an array passed to the deleter of one object, or the other way
 * round, ends the program with a line before anything invalid is destroyed. */

#include <csignal>
#include <cstring>
#include <string>
#include <sys/resource.h>

#include "zmalloc.hpp"

extern "C" {
#include "support.h"
}

namespace
{

const char not_destroyed[] = "destroyed\n";

template <std::size_t alignment> struct alignas(alignment) loud {
    ~loud()
    {
        std::fputs(not_destroyed, stdout);
        std::fflush(stdout);
    }
    char text[alignment + 8] = "text";
};

/* Hides the mistake from the compiler, which would warn. */
template <typename T> T *hidden(T *volatile pointer)
{
    return pointer;
}

template <typename T> void delete_array_as_object(void *)
{
    zmalloc::deleter<T>()(hidden(zmalloc::make_unique<T[]>(3).release()));
}

template <typename T> void delete_object_as_array(void *)
{
    zmalloc::deleter<T[]>()(hidden(zmalloc::make_unique<T>().release()));
}

template <typename T> void delete_block_as_array(void *)
{
    void *block = alignof(T) > 16 ? zmalloc_aligned(alignof(T), 100) : ::zmalloc(100);

    zmalloc::deleter<T[]>()(hidden(static_cast<T *>(block)));
}

void is_told(void (*body)(void *), const char *what, const char *out)
{
    rlimit no_core = {0, 0};
    rlimit core;
    outcome of;

    getrlimit(RLIMIT_CORE, &core);
    no_core.rlim_max = core.rlim_max;
    setrlimit(RLIMIT_CORE, &no_core);
    of = run_child(body, nullptr);
    setrlimit(RLIMIT_CORE, &core);
    assert_killed_by(&of, SIGABRT);
    assert_err_is_line_with(&of, "zmalloc: debug: ");
    assert_err_is_line_with(&of, what);
    assert_string_equal(of.out, out);
}

/* The first element is an object. */
void an_array_is_no_object(void **)
{
    is_told(delete_array_as_object<std::string>, ": byte ", "");
    is_told(delete_array_as_object<loud<1>>, " of a block, not its start ", not_destroyed);
    is_told(delete_array_as_object<loud<16>>, ": byte 16 of a block, not its start ",
            not_destroyed);
    is_told(delete_array_as_object<loud<256>>, ": byte 256 of a block, not its start ",
            not_destroyed);
}

void an_object_is_no_array(void **)
{
    is_told(delete_object_as_array<std::string>, " before a block, not its start ", "");
    is_told(delete_object_as_array<loud<1>>, " before a block, not its start ", "");
    is_told(delete_object_as_array<loud<16>>, ": byte 16 before a block, not its start ", "");
    is_told(delete_object_as_array<loud<256>>, ": byte 256 before a block, not its start ", "");
}

void a_block_is_no_array_of_objects(void **)
{
    is_told(delete_block_as_array<std::string>, " before a block, not its start ", "");
    is_told(delete_block_as_array<loud<256>>, ": byte 256 before a block, not its start ", "");
}

/* Allowed: nothing has to be destroyed. */
void without_destructors_either_deleter_will_do(void **)
{
    zmalloc::deleter<char>()(zmalloc::make_unique<char[]>(10).release());
    zmalloc::deleter<char[]>()(zmalloc::make_unique<char>('a').release());
    zmalloc::deleter<void>()(zmalloc::make_unique<long[]>(10).release());
    assert_int_equal(zmalloc_used_memory(), 0);
}

void the_right_deleter_is_silent(void **)
{
    auto texts = zmalloc::make_unique<std::string[]>(100);
    volatile std::size_t nothing = 0;
    auto none = zmalloc::make_unique<std::string[]>(nothing);
    auto text = zmalloc::make_unique<std::string>("text");

    texts.reset();
    none.reset();
    text.reset();
    assert_int_equal(zmalloc_used_memory(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        zm_test(an_array_is_no_object),
        zm_test(an_object_is_no_array),
        zm_test(a_block_is_no_array_of_objects),
        zm_test(without_destructors_either_deleter_will_do),
        zm_test(the_right_deleter_is_silent),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
