/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_NEW_DELETE_HPP
#define ZMALLOC_NEW_DELETE_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#error "zmalloc_new_delete.hpp is for C++17 and later; C and older C++ have zmalloc.h"
#endif

/*
 * Replaces operator new and operator delete of a whole program, so that what it allocates with new, and
 * with the containers and strings of the standard library, is a block of zmalloc. Include it in exactly
 * one source file of the program, which links zmalloc:
 *
 *     #include <zmalloc_new_delete.hpp>
 *
 * In two files the linker says that the operators are defined twice. As the standard has it, the shared
 * libraries of the program get these operators, too, so one may delete what another made. malloc() stays
 * what it was: what comes from new must not go to free(), and the other way round. (The preload library
 * replaces both, without a change to the program.)
 *
 * Do not include it in a shared library: whether that gets its own operators or those of the program is
 * up to the dynamic linker, and a program that does not expect it would have its operators replaced.
 *
 * If there is no memory, they call the program's std::new_handler until there is, or until there is no
 * such handler any more; then they throw std::bad_alloc, and the nothrow forms return a null pointer.
 * The out-of-memory handler of zmalloc.h is not called. Compiled with -fno-exceptions it is, instead of
 * the throw, and the program aborts if it returns. ISO C++.
 *
 * A request of no bytes gives a unique block. delete keeps errno. A delete that is told the size passes
 * it on, see zfree_with_size(). A wrong size, as for an object deleted through a base without a virtual
 * destructor, is undefined behaviour in C++ anyway; the layer debug finds it.
 *
 * What zmalloc.h says about threads, fork, signals and calls before main is true here, too.
 */

#include "zmalloc.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace
{

struct zmalloc_operators {
    /* Stands for the alignment that every block has. */
    static constexpr std::align_val_t usual{0};

    static void *allocate(std::size_t size, std::align_val_t alignment) noexcept
    {
        if (alignment == usual)
            return ::ztrymalloc(size);
        return ::ztrymalloc_aligned(static_cast<std::size_t>(alignment), size);
    }

    /* NULL if there is no handler any more. */
    ZMALLOC_ATTRIBUTE(noinline)
    static void *ask_handlers(std::size_t size, std::align_val_t alignment)
    {
        void *block = nullptr;

        while (block == nullptr) {
            std::new_handler handler = std::get_new_handler();

            if (handler == nullptr)
                break;
            handler();
            block = allocate(size, alignment);
        }
        return block;
    }

    ZMALLOC_ATTRIBUTE(noinline)
    static void *without_memory(std::size_t size, std::align_val_t alignment)
    {
        void *block = ask_handlers(size, alignment);

        if (block != nullptr)
            return block;
#ifdef __cpp_exceptions
        throw std::bad_alloc();
#else
        block = alignment == usual ? ::zmalloc(size)
                                   : ::zmalloc_aligned(static_cast<std::size_t>(alignment), size);
        if (block == nullptr)
            std::abort();
        return block;
#endif
    }

    ZMALLOC_ATTRIBUTE(noinline)
    static void *without_memory_nothrow(std::size_t size, std::align_val_t alignment) noexcept
    {
#ifdef __cpp_exceptions
        try {
            return ask_handlers(size, alignment);
        } catch (...) {
            return nullptr;
        }
#else
        return ask_handlers(size, alignment);
#endif
    }

    static void *request(std::size_t size, std::align_val_t alignment = usual)
    {
        void *block = allocate(size, alignment);

        return block != nullptr ? block : without_memory(size, alignment);
    }

    static void *request_nothrow(std::size_t size, std::align_val_t alignment = usual) noexcept
    {
        void *block = allocate(size, alignment);

        return block != nullptr ? block : without_memory_nothrow(size, alignment);
    }
};

} // namespace

/* ---- new: not inline, which the standard forbids for operators that replace its own ---- */

void *operator new(std::size_t size)
{
    return zmalloc_operators::request(size);
}

void *operator new[](std::size_t size)
{
    return zmalloc_operators::request(size);
}

void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
    return zmalloc_operators::request_nothrow(size);
}

void *operator new[](std::size_t size, const std::nothrow_t &) noexcept
{
    return zmalloc_operators::request_nothrow(size);
}

void *operator new(std::size_t size, std::align_val_t alignment)
{
    return zmalloc_operators::request(size, alignment);
}

void *operator new[](std::size_t size, std::align_val_t alignment)
{
    return zmalloc_operators::request(size, alignment);
}

void *operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t &) noexcept
{
    return zmalloc_operators::request_nothrow(size, alignment);
}

void *operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t &) noexcept
{
    return zmalloc_operators::request_nothrow(size, alignment);
}

/* ---- delete ---- */

void operator delete(void *block) noexcept
{
    ::zfree(block);
}

void operator delete[](void *block) noexcept
{
    ::zfree(block);
}

void operator delete(void *block, std::size_t size) noexcept
{
    ::zfree_with_size(block, size);
}

void operator delete[](void *block, std::size_t size) noexcept
{
    ::zfree_with_size(block, size);
}

void operator delete(void *block, const std::nothrow_t &) noexcept
{
    ::zfree(block);
}

void operator delete[](void *block, const std::nothrow_t &) noexcept
{
    ::zfree(block);
}

void operator delete(void *block, std::align_val_t) noexcept
{
    ::zfree(block);
}

void operator delete[](void *block, std::align_val_t) noexcept
{
    ::zfree(block);
}

void operator delete(void *block, std::size_t size, std::align_val_t) noexcept
{
    ::zfree_with_size(block, size);
}

void operator delete[](void *block, std::size_t size, std::align_val_t) noexcept
{
    ::zfree_with_size(block, size);
}

void operator delete(void *block, std::align_val_t, const std::nothrow_t &) noexcept
{
    ::zfree(block);
}

void operator delete[](void *block, std::align_val_t, const std::nothrow_t &) noexcept
{
    ::zfree(block);
}

#endif
