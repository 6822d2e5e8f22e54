/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_OPERATORS_HPP
#define TESTS_OPERATORS_HPP

/* What every operator new and operator delete has to do, whoever has replaced them. Include cmocka.h
 * before, and compile with -fno-builtin, so that no pair of them is left out. */

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>

namespace operators
{

constexpr std::align_val_t far_aligned{4096};

inline void *volatile kept; /* so that the compiler believes that it is needed */

inline void *keep(void *block)
{
    kept = block;
    return kept;
}

/* used_memory() tells what is in use. */
template <typename UsedMemory> void check_each(UsedMemory used_memory)
{
    const std::size_t before = used_memory();
    void *all[] = {
        keep(::operator new(100)),
        keep(::operator new[](100)),
        keep(::operator new(100, std::nothrow)),
        keep(::operator new[](100, std::nothrow)),
        keep(::operator new(100, far_aligned)),
        keep(::operator new[](100, far_aligned)),
        keep(::operator new(100, far_aligned, std::nothrow)),
        keep(::operator new[](100, far_aligned, std::nothrow)),
        keep(::operator new(0)),
    };

    assert_true(used_memory() >= before + 8 * 100 + 1);
    for (std::size_t i = 4; i < 8; i++)
        assert_int_equal(reinterpret_cast<std::uintptr_t>(all[i]) % 4096, 0);
    errno = EAGAIN;
    ::operator delete(all[0]);
    ::operator delete[](all[1], std::size_t{100});
    ::operator delete(all[2], std::nothrow);
    ::operator delete[](all[3], std::nothrow);
    ::operator delete(all[4], far_aligned);
    ::operator delete[](all[5], std::size_t{100}, far_aligned);
    ::operator delete(all[6], far_aligned, std::nothrow);
    ::operator delete[](all[7], far_aligned, std::nothrow);
    ::operator delete (all[8], std::size_t{0});
    ::operator delete(nullptr);
    assert_int_equal(errno, EAGAIN);
    ::operator delete (keep(::operator new(10)), std::size_t{10});
    ::operator delete[](keep(::operator new[](10)));
    ::operator delete (keep(::operator new(10, far_aligned)), std::size_t{10}, far_aligned);
    ::operator delete[](keep(::operator new[](10, far_aligned)), far_aligned);
    assert_int_equal(used_memory(), before);
}

template <typename Function> bool throws_bad_alloc(Function function)
{
    try {
        keep(function());
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

/* much is more than there is. */
inline void check_without_memory(std::size_t much)
{
    assert_true(throws_bad_alloc([=] { return ::operator new(much); }));
    assert_true(throws_bad_alloc([=] { return ::operator new[](much); }));
    assert_true(throws_bad_alloc([=] { return ::operator new(much, far_aligned); }));
    assert_true(throws_bad_alloc([=] { return ::operator new[](much, far_aligned); }));
    assert_null(::operator new(much, std::nothrow));
    assert_null(::operator new[](much, std::nothrow));
    assert_null(::operator new(much, far_aligned, std::nothrow));
    assert_null(::operator new[](much, far_aligned, std::nothrow));
}

inline int calls;

inline void give_up_the_third_time()
{
    if (++calls == 3)
        std::set_new_handler(nullptr);
}

inline void throw_at_once()
{
    throw std::bad_alloc();
}

inline void check_handlers(std::size_t much)
{
    std::set_new_handler(give_up_the_third_time);
    assert_true(throws_bad_alloc([=] { return ::operator new(much); }));
    assert_int_equal(calls, 3);
    assert_null(std::get_new_handler());
    std::set_new_handler(throw_at_once);
    assert_true(throws_bad_alloc([=] { return ::operator new(much, far_aligned); }));
    assert_null(::operator new(much, std::nothrow));
    std::set_new_handler(nullptr);
}

} // namespace operators

#endif
