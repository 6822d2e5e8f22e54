/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_new_delete.hpp first, alone, twice, in a program without exceptions: without memory it calls the
 * program's handlers, then that of zmalloc, which ends this program well. */

/* clang-format off */
#include "zmalloc_new_delete.hpp"
#include "zmalloc_new_delete.hpp"
/* clang-format on */

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

static volatile std::size_t too_much = SIZE_MAX / 2 + 1;
static int calls;

static void give_up_at_once()
{
    calls++;
    std::set_new_handler(nullptr);
}

static void end_well(std::size_t size)
{
    std::_Exit(calls == 2 && size == too_much ? 0 : 3);
}

int main()
{
    {
        std::string text(1000, 'x');
        auto more = std::make_unique<int[]>(1000);

        if (zmalloc_used_memory() < text.size() + 1000 * sizeof(int))
            return 1;
    }
    zmalloc_set_oom_handler(end_well);
    std::set_new_handler(give_up_at_once);
    if (::operator new(too_much, std::nothrow) != nullptr)
        return 2;
    std::set_new_handler(give_up_at_once);
    static_cast<void>(::operator new(too_much));
    return 4;
}
