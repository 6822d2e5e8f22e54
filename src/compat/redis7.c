/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * libzmalloc-redis7.a: the symbols of Redis 7's zmalloc.c, for sources that declare them
 * themselves, as its hdr_histogram does, and that no header of ours can reach; and the function of a
 * modified jemalloc that its defrag.c declares. Compiled with ZMALLOC_DEFINE_NAMES. The program that is linked
 * with it does not export them.
 */

#include <stdbool.h>

#include "can_move.h"
#include "zmalloc.h"

#undef zmalloc
#undef zcalloc
#undef zcalloc_num
#undef zrealloc
#undef zfree

void *zmalloc(size_t size);
void *zcalloc(size_t size);
void *zcalloc_num(size_t num, size_t size);
void *zrealloc(void *ptr, size_t size);
void zfree(void *ptr);
int je_get_defrag_hint(void *ptr);

void *zmalloc(size_t size)
{
    return zml_zmalloc(size);
}

void *zcalloc(size_t size)
{
    return zml_zcalloc(size);
}

void *zcalloc_num(size_t num, size_t size)
{
    return zml_zcalloc_num(num, size);
}

void *zrealloc(void *ptr, size_t size)
{
    return zml_zrealloc(ptr, size);
}

void zfree(void *ptr)
{
    zml_zfree(ptr);
}

/* Redis asks in its main thread only. */
int je_get_defrag_hint(void *ptr)
{
    static bool is_known;
    static bool can_move;

    if (!is_known)
        can_move = can_move_blocks();
    is_known = true;
    return can_move && zmalloc_worth_moving(ptr) == 1;
}
