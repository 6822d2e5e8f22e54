/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_ROOM_H
#define ZM_ROOM_H

/* For allocators that fault instead of failing to start if there is little address space. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

/* A little more than any of them needs to start. */
#define ROOM_TO_START ((size_t)8 << 20)

static inline bool has_room_to_start(void)
{
    void *room = mmap(NULL, ROOM_TO_START, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return room != MAP_FAILED && munmap(room, ROOM_TO_START) == 0;
}

#endif
