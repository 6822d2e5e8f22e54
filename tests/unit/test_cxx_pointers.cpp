/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc.hpp: zmalloc::unique_ptr and make_unique. C blocks, objects and arrays are destroyed once
 * and freed completely. */

#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "zmalloc.hpp"

extern "C" {
#include "support.h"
}

namespace
{

/* The number of the last one destroyed, and how many are alive. */
int last_destroyed;
int alive;

struct counted {
    counted() : counted(0)
    {
    }
    explicit counted(int with) : number(with)
    {
        alive++;
    }
    counted(const counted &) = delete;
    counted &operator=(const counted &) = delete;
    ~counted()
    {
        last_destroyed = number;
        alive--;
    }
    int number;
};

/* ---- Blocks of C ---- */

static_assert(sizeof(zmalloc::unique_ptr<char>) == sizeof(char *));
static_assert(sizeof(zmalloc::unique_ptr<counted[]>) == sizeof(counted *));

struct c_structure {
    int length;
    char text[1];
};

void blocks_of_c_are_owned(void **)
{
    zmalloc::unique_ptr<char> text(zstrdup("text"));
    zmalloc::unique_ptr<const char> same = std::move(text);
    zmalloc::unique_ptr<void> untyped(ztrymalloc(100));
    zmalloc::unique_ptr<char[]> array(static_cast<char *>(ztrycalloc(100)));
    zmalloc::unique_ptr<c_structure> longer(
        static_cast<c_structure *>(ztrymalloc(sizeof(c_structure) + 1000)));
    zmalloc::unique_ptr<long> aligned(static_cast<long *>(ztrymalloc_aligned(256, sizeof(long))));

    assert_true(text == nullptr && std::strcmp(same.get(), "text") == 0);
    assert_true(untyped && array[99] == 0 && longer && aligned);
    untyped.reset(array.release());
    array.reset(static_cast<char *>(ztrymalloc(10)));
}

void shared_pointers_take_the_deleter(void **)
{
    std::shared_ptr<char> text(zstrdup("text"), zmalloc::deleter<char>());
    std::shared_ptr<char> nothing(nullptr, zmalloc::deleter<char>());
    std::shared_ptr<counted> object = zmalloc::make_unique<counted>(1);
    std::shared_ptr<counted[]> objects = zmalloc::make_unique<counted[]>(2);
    std::shared_ptr<counted[]> none(nullptr, zmalloc::deleter<counted[]>());

    assert_true(std::strcmp(text.get(), "text") == 0 && alive == 3);
    object.reset();
    objects.reset();
    assert_int_equal(alive, 0);
}

/* ---- Objects ---- */

const char long_text[] = "text that is too long to be anywhere but in a block";

void objects_are_made_and_destroyed(void **)
{
    std::unique_ptr<int> argument(new int(7));
    auto pair =
        zmalloc::make_unique<std::pair<std::unique_ptr<int>, counted>>(std::move(argument), 5);
    {
        auto moved = std::move(pair);

        assert_true(*moved->first == 7 && argument == nullptr && alive == 1);
        assert_true(zmalloc_used_memory() == zmalloc_size(moved.get()));
    }
    assert_true(alive == 0 && last_destroyed == 5);
    auto constant = zmalloc::make_unique<const std::string>(long_text);
    assert_true(*constant == long_text);
    auto number = zmalloc::make_unique<int>();
    assert_int_equal(*number, 0);
}

void owners_may_be_changed(void **)
{
    auto one = zmalloc::make_unique<counted>(1);
    auto other = zmalloc::make_unique<counted>(2);

    swap(one, other);
    assert_true(one->number == 2 && other->number == 1);
    one = std::move(other);
    assert_true(alive == 1 && last_destroyed == 2);
    zmalloc::deleter<counted>()(one.release());
    assert_true(alive == 0 && last_destroyed == 1);
    one.reset(zmalloc::make_unique<counted>(3).release());
    one = nullptr;
    assert_true(alive == 0 && zmalloc_used_memory() == 0);
}

/* ---- Classes that are derived ---- */

struct named {
    virtual ~named() = default;
    std::string name = "something";
};

struct shape {
    virtual ~shape() = default;
    virtual double area() const = 0;
};

struct square final : named, shape, counted {
    explicit square(double of) : counted(4), side(of)
    {
    }
    double area() const override
    {
        return side * side;
    }
    double side;
};

struct tinted : virtual named {
    int tint = 3;
};

struct plain {
};
struct derived_of_plain : plain {
    counted member;
};

template <typename From, typename To>
constexpr bool converts = std::is_convertible_v<zmalloc::unique_ptr<From>, zmalloc::unique_ptr<To>>;

static_assert(converts<square, shape> && converts<square, const named>);
static_assert(converts<char, const char> && converts<char[], const char[]>);
static_assert(!converts<const char, char> && !converts<const char[], char[]>);
static_assert(!converts<shape, square> && !converts<int, char>);
static_assert(!converts<derived_of_plain, plain>, "its destructor would not be called");
static_assert(!converts<counted, void>, "its destructor would not be called");
static_assert(!converts<square[], named[]> && !converts<int[], int> && !converts<int, int[]>);

/* Some of their bases are not at the start of the block. */
void objects_are_owned_through_their_bases(void **)
{
    zmalloc::unique_ptr<shape> first = zmalloc::make_unique<square>(3);
    zmalloc::unique_ptr<const named> second = zmalloc::make_unique<square>(4);
    zmalloc::unique_ptr<named> third = zmalloc::make_unique<tinted>();

    assert_true(first->area() > 8.9 && second->name == third->name && alive == 2);
    first = zmalloc::make_unique<square>(5);
    assert_true(alive == 2 && last_destroyed == 4);
    std::shared_ptr<named> shared = zmalloc::make_unique<square>(6);
    assert_int_equal(alive, 3);
}

/* ---- Arrays ---- */

void arrays_are_made_and_destroyed(void **)
{
    auto numbers = zmalloc::make_unique<int[]>(1000);
    auto objects = zmalloc::make_unique<counted[]>(1000);
    zmalloc::unique_ptr<const int[]> same = std::move(numbers);

    for (std::size_t i = 0; i < 1000; i++) {
        assert_int_equal(same[i], 0);
        objects[i].number = static_cast<int>(i) + 1;
    }
    assert_int_equal(alive, 1000);
    /* The number of elements is stored with the elements. */
    objects.reset(zmalloc::make_unique<counted[]>(3).release());
    assert_true(alive == 3 && last_destroyed == 1);
    objects = nullptr;
    assert_int_equal(alive, 0);
}

void arrays_may_be_empty(void **)
{
    auto numbers = zmalloc::make_unique<int[]>(0);
    auto objects = zmalloc::make_unique<counted[]>(0);

    assert_true(numbers != nullptr && objects != nullptr && alive == 0);
}

/* ---- Alignment ---- */

template <std::size_t ALIGNMENT> struct alignas(ALIGNMENT) aligned : counted {
};

template <typename T> void check_alignment()
{
    for (int i = 0; i < 10; i++) {
        auto object = zmalloc::make_unique<T>();
        auto array = zmalloc::make_unique<T[]>(3);

        assert_true(reinterpret_cast<std::uintptr_t>(object.get()) % alignof(T) == 0);
        assert_true(reinterpret_cast<std::uintptr_t>(array.get()) % alignof(T) == 0);
        assert_int_equal(alive, 4);
    }
    assert_int_equal(alive, 0);
}

void objects_have_their_alignment(void **)
{
    check_alignment<counted>();
    check_alignment<aligned<8>>();
    check_alignment<aligned<16>>();
    check_alignment<aligned<32>>();
    check_alignment<aligned<4096>>();
}

/* ---- Incomplete types ---- */

/* As in a header that only declares the type. */
struct hidden;
struct handle {
    handle();
    handle(handle &&) noexcept;
    ~handle();
    zmalloc::unique_ptr<hidden> one;
    zmalloc::unique_ptr<hidden[]> many;
};

void use_handle()
{
    handle first;
    handle second = std::move(first);

    assert_true(first.one == nullptr && second.one != nullptr && alive == 4);
}

struct hidden {
    counted member;
};
handle::handle() : one(zmalloc::make_unique<hidden>()), many(zmalloc::make_unique<hidden[]>(3))
{
}
handle::handle(handle &&) noexcept = default;
handle::~handle() = default;

void types_may_be_incomplete(void **)
{
    use_handle();
    assert_int_equal(alive, 0);
}

/* ---- Failures ---- */

struct failing : counted {
    failing()
    {
        if (alive == 4)
            throw std::runtime_error("the fourth");
    }
};

template <typename Request> const char *thrown_by(Request request)
{
    try {
        static_cast<void>(request());
    } catch (const std::runtime_error &) {
        return "runtime_error";
    } catch (const std::bad_array_new_length &) {
        return "bad_array_new_length";
    } catch (const std::bad_alloc &) {
        return "bad_alloc";
    }
    return "nothing";
}

void an_exception_leaves_nothing_behind(void **)
{
    counted three[3];

    assert_string_equal(thrown_by([] { return zmalloc::make_unique<failing>(); }), "runtime_error");
    assert_true(alive == 3 && zmalloc_used_memory() == 0);
}

void an_exception_destroys_what_was_made(void **)
{
    assert_string_equal(thrown_by([] { return zmalloc::make_unique<failing[]>(10); }),
                        "runtime_error");
    assert_true(alive == 0 && zmalloc_used_memory() == 0);
}

template <typename T> const char *thrown_for(std::size_t count)
{
    return thrown_by([count] { return zmalloc::make_unique<T[]>(count); });
}

void too_many_elements_throw(void **)
{
    assert_string_equal(thrown_for<counted>(SIZE_MAX), "bad_array_new_length");
    assert_string_equal(thrown_for<int>(SIZE_MAX / sizeof(int)), "bad_array_new_length");
    /* Without room for the number of elements. */
    assert_string_equal(thrown_for<counted>((SIZE_MAX / 2 - 1) / sizeof(counted)),
                        "bad_array_new_length");
    no_room_on_32_bits();
    assert_string_equal(thrown_for<counted>(BEYOND_ADDRESS_SPACE / sizeof(counted)), "bad_alloc");
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        zm_test(blocks_of_c_are_owned),
        zm_test(shared_pointers_take_the_deleter),
        zm_test(objects_are_made_and_destroyed),
        zm_test(owners_may_be_changed),
        zm_test(objects_are_owned_through_their_bases),
        zm_test(arrays_are_made_and_destroyed),
        zm_test(arrays_may_be_empty),
        zm_test(objects_have_their_alignment),
        zm_test(types_may_be_incomplete),
        zm_test(an_exception_leaves_nothing_behind),
        zm_test(an_exception_destroys_what_was_made),
        zm_test(too_many_elements_throw),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
