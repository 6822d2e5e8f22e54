/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_HPP
#define ZMALLOC_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#error "zmalloc.hpp is for C++17 and later; C and older C++ have zmalloc.h"
#endif

/*
 * zmalloc for C++: an allocator for containers, a memory resource, and pointers that own a block.
 *
 *     std::vector<int, zmalloc::allocator<int>> numbers;
 *     std::pmr::string text("...", zmalloc::resource());
 *     zmalloc::unique_ptr<char> name(zstrdup("zmalloc"));
 *     zmalloc::unique_ptr<shape> one = zmalloc::make_unique<circle>(3);
 *
 * zmalloc is a class here, with only such members, because a namespace must not have the name of a
 * function and a class may. (stat is both, too.) If a name could be the type or the function, write
 * "struct zmalloc" for the type; using z = struct zmalloc; makes a shorter name.
 *
 * In a zone (zmalloc_zone.h):
 *
 *     std::vector<int, zmalloc::zone_allocator<int>> numbers{zmalloc::zone_allocator<int>(zone)};
 *     zmalloc::zone_resource resource(zone);
 *
 * Everything is inline, over zmalloc.h, and what that says about threads, fork and signals is true here,
 * too. Objects are as safe as those of the standard library: any threads may use different objects, one
 * thread at a time the same object. Allocators, deleters and memory resources have no state, so any
 * thread may use them at any time.
 *
 * If there is no memory they throw std::bad_alloc, as C++ expects. They do not call the out-of-memory
 * handler; whoever catches the exception can. A number of elements that no block can hold throws
 * std::bad_array_new_length, which is a std::bad_alloc.
 *
 * Compiled with -fno-exceptions they call the out-of-memory handler like zmalloc(), with SIZE_MAX / 2
 * for too many elements, and abort if it returns. If parts of a program that use the same container are
 * compiled with and without exceptions, the linker takes the functions of either, as with those of the
 * standard library. The dynamic linker does the same with a program and a plug-in. If each of them has
 * its own copy of zmalloc it must not: compile such a plug-in, with the archive inside, with
 * -DZMALLOC_STATIC.
 *
 * RTTI is not needed.
 */

#include "zmalloc.h"
#include "zmalloc_zone.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#if __has_include(<memory_resource>)
#include <memory_resource>
#endif

/* Whether the standard library has std::pmr. Without it there is no zmalloc::memory_resource. */
#ifdef __cpp_lib_memory_resource
#define ZMALLOC_HAS_MEMORY_RESOURCE 1
#else
#define ZMALLOC_HAS_MEMORY_RESOURCE 0
#endif

/* Templates instantiated with a hidden class, such as containers with its allocator, are hidden, too. */
#ifdef ZMALLOC_STATIC
#define ZMALLOC_CLASS ZMALLOC_API
#else
#define ZMALLOC_CLASS
#endif

struct ZMALLOC_CLASS zmalloc {
    zmalloc() = delete;

    /* ---- For containers ---------------------------------------------------------------------- */

    /*
     * An allocator in the sense of the standard, for containers, std::allocate_shared and the like.
     * It has no state. All allocators are equal, whatever they allocate, so containers can always swap
     * and move their blocks. T may be incomplete until something is allocated, and may have any
     * alignment.
     */
    template <typename T> struct allocator {
        using value_type = T;
        using propagate_on_container_copy_assignment = std::true_type;
        using propagate_on_container_move_assignment = std::true_type;
        using propagate_on_container_swap = std::true_type;
        using is_always_equal = std::true_type;

        constexpr allocator() noexcept = default;
        template <typename U> constexpr allocator(const allocator<U> &) noexcept
        {
        }

        /* A block for count objects, which are not constructed. Throws std::bad_array_new_length
         * if count is above max_size(), std::bad_alloc if there is no memory. */
        [[nodiscard]] T *allocate(std::size_t count)
        {
            return static_cast<T *>(request(array_size(count, sizeof(T), 0), alignof(T)));
        }

        /* Frees a block from allocate(count). Keeps errno. */
        void deallocate(T *block, std::size_t count) noexcept
        {
            ::zfree_with_size(block, count * sizeof(T));
        }

        /* The largest count for which there can be a block. */
        static constexpr std::size_t max_size() noexcept
        {
            return largest / sizeof(T);
        }

        template <typename U> constexpr bool operator==(const allocator<U> &) const noexcept
        {
            return true;
        }
        template <typename U> constexpr bool operator!=(const allocator<U> &) const noexcept
        {
            return false;
        }
    };

    /*
     * The same in a zone, or in none for NULL. Two are equal if their zones are the same, so containers move
     * blocks only within a zone; a copy, a move or a swap takes the zone along. The zone must outlive the
     * containers.
     */
    template <typename T> class zone_allocator
    {
      public:
        using value_type = T;
        using propagate_on_container_copy_assignment = std::true_type;
        using propagate_on_container_move_assignment = std::true_type;
        using propagate_on_container_swap = std::true_type;
        using is_always_equal = std::false_type;

        explicit constexpr zone_allocator(struct zmalloc_zone *zone) noexcept : zone_(zone)
        {
        }
        template <typename U>
        constexpr zone_allocator(const zone_allocator<U> &other) noexcept : zone_(other.zone())
        {
        }

        /* As those of allocator. */
        [[nodiscard]] T *allocate(std::size_t count)
        {
            return static_cast<T *>(request_in(zone_, array_size(count, sizeof(T), 0), alignof(T)));
        }
        void deallocate(T *block, std::size_t) noexcept
        {
            ::zfree_in(zone_, block);
        }
        static constexpr std::size_t max_size() noexcept
        {
            return largest / sizeof(T);
        }

        constexpr struct zmalloc_zone *zone() const noexcept
        {
            return zone_;
        }

        template <typename U>
        constexpr bool operator==(const zone_allocator<U> &other) const noexcept
        {
            return zone_ == other.zone();
        }
        template <typename U>
        constexpr bool operator!=(const zone_allocator<U> &other) const noexcept
        {
            return zone_ != other.zone();
        }

      private:
        struct zmalloc_zone *zone_;
    };

#if ZMALLOC_HAS_MEMORY_RESOURCE
    /* A memory resource in a zone, or in none for NULL. An object is equal only to itself. */
    class ZMALLOC_API zone_resource final : public std::pmr::memory_resource
    {
      public:
        explicit zone_resource(struct zmalloc_zone *zone) noexcept : zone_(zone)
        {
        }

      private:
        void *do_allocate(std::size_t size, std::size_t alignment) override
        {
            return request_in(zone_, size, alignment);
        }

        void do_deallocate(void *block, std::size_t, std::size_t) override
        {
            ::zfree_in(zone_, block);
        }

        bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
        {
            return this == &other;
        }

        struct zmalloc_zone *zone_;
    };

    /*
     * A memory resource for containers of std::pmr, and upstream of std::pmr's own resources.
     * allocate(size, alignment) takes any power of two and throws std::bad_alloc; deallocate takes
     * the same size. All objects of the class are equal, and each must outlive its containers:
     * resource() does.
     */
    class ZMALLOC_API memory_resource final : public std::pmr::memory_resource
    {
        void *do_allocate(std::size_t size, std::size_t alignment) override
        {
            return request(size, alignment);
        }

        void do_deallocate(void *block, std::size_t size, std::size_t) override
        {
            ::zfree_with_size(block, size);
        }

        /*
         * No class is derived from this one, so an object with its virtual functions is one of it.
         * dynamic_cast would need the RTTI of other, which is missing if other comes from a part of
         * the program that was compiled with -fno-rtti.
         */
        bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
        {
            const void *ours;
            const void *theirs;

            std::memcpy(&ours, static_cast<const void *>(this), sizeof ours);
            std::memcpy(&theirs, static_cast<const void *>(&other), sizeof theirs);
            return ours == theirs;
        }
    };

    /* One that always exists: before main, and after static objects are gone. Never NULL. Like
     * std::pmr::new_delete_resource(). */
    ZMALLOC_API static std::pmr::memory_resource *resource() noexcept
    {
        alignas(memory_resource) static unsigned char room[sizeof(memory_resource)];
        static memory_resource *const one = ::new (static_cast<void *>(room)) memory_resource;

        return one;
    }
#endif

    /* ---- Pointers that own ------------------------------------------------------------------- */

  private:
    /* Whether a deleter of To may take over from one of From: it has to call the right destructor. */
    template <typename From, typename To>
    using if_also_of = std::enable_if_t<std::conjunction_v<
        std::is_convertible<From *, To *>,
        std::disjunction<std::is_same<std::remove_cv_t<From>, std::remove_cv_t<To>>,
                         std::has_virtual_destructor<To>>>>;

  public:
    /*
     * Destroys the object and frees its block with zfree(), as delete does with operator delete. C types
     * have no destructor, so it works for their blocks, too. It ignores NULL and has no state. T must be
     * complete only where it is called; for void it just frees.
     *
     * It converts to a deleter of another type if that differs only in const, or has a virtual
     * destructor. (std::default_delete converts without one, and then the behaviour is undefined.)
     */
    template <typename T> struct deleter {
        constexpr deleter() noexcept = default;
        template <typename U, typename = if_also_of<U, T>>
        constexpr deleter(const deleter<U> &) noexcept
        {
        }

        void operator()(T *object) const noexcept
        {
            if (object == nullptr)
                return;
            void *block = start_of(object);
            if constexpr (!std::is_void_v<T>)
                std::destroy_at(object);
            ::zfree(block);
        }
    };

    /*
     * The same for arrays. If the elements have a destructor, their number is stored before them, and the
     * array must come from make_unique; otherwise any block will do.
     *
     * Do not give an array of such elements to the deleter of one object, or an object to the deleter of
     * an array. The layer debug (docs/debugging.md) ends the program for either, with a line. Without
     * destructors both deleters do the same, and either may have any block.
     */
    template <typename T> struct deleter<T[]> {
        constexpr deleter() noexcept = default;
        template <typename U, typename = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
        constexpr deleter(const deleter<U[]> &) noexcept
        {
        }

        void operator()(T *elements) const noexcept
        {
            if (elements == nullptr)
                return;
            char *block = static_cast<char *>(start_of(elements)) - room_for_count<T>();
            if constexpr (room_for_count<T>() > 0)
                destroy_last_first(elements, count_at<T>(block));
            ::zfree(block);
        }
    };

    /*
     * Owns a block of zmalloc.h, or an object from make_unique. As large as a plain pointer. Types may be
     * incomplete, as with std::unique_ptr. For a block of unknown type use unique_ptr<void>.
     */
    template <typename T> using unique_ptr = std::unique_ptr<T, deleter<T>>;

    /* An object in a new block. Throws std::bad_alloc, or what its constructor throws. */
    template <typename T, typename... Arguments>
    [[nodiscard]] static std::enable_if_t<!std::is_array_v<T>, unique_ptr<T>>
    make_unique(Arguments &&...arguments)
    {
        unique_ptr<void> block(request(sizeof(T), alignof(T)));
        T *object = ::new (block.get()) T(std::forward<Arguments>(arguments)...);

        static_cast<void>(block.release());
        return unique_ptr<T>(object);
    }

    /* An array of count value-initialized objects: numbers are 0. Throws what
     * allocator::allocate(count) throws, or a constructor. */
    template <typename T>
    [[nodiscard]] static std::enable_if_t<std::is_array_v<T> && std::extent_v<T> == 0,
                                          unique_ptr<T>>
    make_unique(std::size_t count)
    {
        using element = std::remove_extent_t<T>;
        constexpr std::size_t room = room_for_count<element>();
        unique_ptr<void> block(request(array_size(count, sizeof(element), room),
                                       room > alignof(element) ? room : alignof(element)));
        void *first = static_cast<char *>(block.get()) + room;

        std::uninitialized_value_construct_n(static_cast<element *>(first), count);
        if constexpr (room > 0)
            ::new (block.get()) std::size_t(count);
        static_cast<void>(block.release());
        return unique_ptr<T>(static_cast<element *>(first));
    }

    /* std::unique_ptr has no type for an array of known length. */
    template <typename T, typename... Arguments>
    static std::enable_if_t<std::extent_v<T> != 0> make_unique(Arguments &&...) = delete;

  private:
    /* A request of SIZE_MAX / 2 or more fails. */
    static constexpr std::size_t largest = SIZE_MAX / 2 - 1;

    /* The size of an array with room before it. Without exceptions, too large an array gets one size that
     * fails: gcc warns about larger ones if it sees them. */
    static std::size_t array_size(std::size_t count, std::size_t size, std::size_t room)
    {
        if (count <= (largest - room) / size)
            return room + count * size;
#ifdef __cpp_exceptions
        throw std::bad_array_new_length();
#else
        return largest + 1;
#endif
    }

    /* Never NULL. Any block is aligned for what fits in it. */
    static void *request(std::size_t size, std::size_t alignment)
    {
        bool usual = alignment <= size && alignment <= alignof(std::max_align_t);
#ifdef __cpp_exceptions
        void *block = usual ? ::ztrymalloc(size) : ::ztrymalloc_aligned(alignment, size);

        if (block == nullptr)
            throw std::bad_alloc();
#else
        void *block = usual ? ::zmalloc(size) : ::zmalloc_aligned(alignment, size);

        if (block == nullptr)
            std::abort();
#endif
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 16
        /* Hides which function it came from: gcc 16 wrongly warns that operator delete would free the
         * block of a shared object. */
        __asm__("" : "+r"(block));
#endif
        return block;
    }

    static void *request_in(struct zmalloc_zone *zone, std::size_t size, std::size_t alignment)
    {
        bool usual = alignment <= size && alignment <= alignof(std::max_align_t);
#ifdef __cpp_exceptions
        void *block =
            usual ? ::ztrymalloc_in(zone, size) : ::ztrymalloc_aligned_in(zone, alignment, size);

        if (block == nullptr)
            throw std::bad_alloc();
#else
        void *block =
            usual ? ::zmalloc_in(zone, size) : ::zmalloc_aligned_in(zone, alignment, size);

        if (block == nullptr)
            std::abort();
#endif
        return block;
    }

    /* Where the block of an object begins: a base need not be the first part of its object.
     * dynamic_cast to void needs no RTTI. */
    template <typename T> static void *start_of(T *object) noexcept
    {
        if constexpr (std::is_polymorphic_v<T>)
            return const_cast<void *>(dynamic_cast<const volatile void *>(object));
        else
            return const_cast<void *>(static_cast<const volatile void *>(object));
    }

    /* Bytes before the first element of an array, which hold its length: a multiple of the alignment of
     * both. 0 if the length is not needed. */
    template <typename T> static constexpr std::size_t room_for_count() noexcept
    {
        if (std::is_trivially_destructible_v<T>)
            return 0;
        return alignof(T) > sizeof(std::size_t) ? alignof(T) : sizeof(std::size_t);
    }

    /* An impossible length was not put there by make_unique. What the layer debug has before each block
     * reads as such a length. A separate function: otherwise gcc derives the possible lengths and
     * warns about the arrays it sees. */
    ZMALLOC_ATTRIBUTE(noinline)
    static void check_count(const char *block, std::size_t count, std::size_t most) noexcept
    {
        if (count <= most)
            return;
        static_cast<void>(::zmalloc_usable_size(block));
        std::abort();
    }

    /* The length that make_unique has put there. */
    template <typename T> static std::size_t count_at(char *block) noexcept
    {
        std::size_t count = *std::launder(reinterpret_cast<std::size_t *>(block));

        check_count(block, count, (largest - room_for_count<T>()) / sizeof(T));
        return count;
    }

    template <typename T> static void destroy_last_first(T *elements, std::size_t count) noexcept
    {
        while (count > 0)
            std::destroy_at(elements + --count);
    }
};

#endif
