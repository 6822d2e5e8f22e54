/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COPIES_CONTAINERS_H
#define COPIES_CONTAINERS_H

/* What both program and plug-in do, with functions that a dynamic linker may take for the same. */

#include <cstddef>
#include <memory_resource>
#include <vector>
#include <zmalloc.hpp>

/* Returns 0, or the number of the line that failed: each container must be counted by the copy that
 * this is compiled for. */
static inline int use_containers_of(std::size_t (*used)())
{
    const std::size_t before = used();
    {
        std::vector<int, zmalloc::allocator<int>> numbers;
        std::pmr::vector<long> longs(zmalloc::resource());

        for (int i = 0; i < 1000; i++)
            numbers.push_back(i);
        if (used() < before + 1000 * sizeof(int))
            return __LINE__;
        for (long i = 0; i < 1000; i++)
            longs.push_back(i);
        if (used() < before + 1000 * (sizeof(int) + sizeof(long)))
            return __LINE__;
    }
    return used() == before ? 0 : __LINE__;
}

#endif
