/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_SYMBOLS_H
#define TOOLS_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include "profile/heap.h"

/* What an address of a profile is in the program. */

struct frame {
    char *object;    /* the name of the file that it is in, without its folder */
    uint64_t offset; /* in that, as addr2line(1) takes it */
    char *
        function; /* as it is called in its language, or "[zone sessions]"; NULL if no symbol is known */
    char *file; /* of the source, without its folder; NULL if no debug information is known */
    int line;
    bool is_zone; /* of the blocks, and no function */
};

struct symbols;

/* Of the files that the profile names, as they are now. The caller closes it. */
struct symbols *symbols_open(const struct heap_profile *profile);
void symbols_close(struct symbols *symbols);

/* What is at an address: a function, and before it those that the compiler has put into it, the innermost
 * first. Lives as long as the command; the same place is the same, also in another profile. */
struct place {
    size_t count; /* 1 or more */
    const struct frame **frames;
};

/* Of a return address: the call before it. */
const struct place *symbols_place(struct symbols *symbols, uint64_t address);

/* "server+0x1189", or the function. The caller frees it. */
char *frame_name(const struct frame *frame);

#endif
