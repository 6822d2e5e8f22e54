/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * operator new and operator delete of C++17, by their symbols, so that this library needs no C++
 * library. If there is no memory, the C++ library's own operator is asked: it calls the handlers of
 * the program, asks malloc() again, and throws.
 */

#include <dlfcn.h>
#include <stdlib.h>

#include "arena.h"
#include "base.h"
#include "functions.h"
#include "output.h"
#include "table.h"

/* How C++ writes size_t. */
#if __SIZEOF_SIZE_T__ == 8
#define SIZE "m"
#else
#define SIZE "j"
#endif
#define NOTHROW "RKSt9nothrow_t"
#define ALIGN "St11align_val_t"

#define NO_OPERATOR "zmalloc: out of memory, and there is no C++ library to tell it to\n"

/* ---- Without memory ---- */

/*
 * In the C++ library, which calls malloc(). Not what comes next in the linker's search: that may be
 * another allocator's, whose blocks we could not free, and a plug-in may have brought the C++ library out
 * of sight of the search.
 */
static void *find_own(const char *symbol)
{
    static const char *const libraries[] = {"libstdc++.so.6", "libc++.so.1"};
    void *found = NULL;

    for (size_t i = 0; found == NULL && i < sizeof libraries / sizeof *libraries; i++) {
        void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);

        if (library != NULL)
            found = dlsym(library, symbol);
    }
    return found;
}

/* What the four forms get: nothrow forms have one argument more, a reference that nobody reads. */
union own_operator {
    void *symbol;
    void *(*plain)(size_t size, const void *nothrow);
    void *(*aligned)(size_t size, size_t alignment, const void *nothrow);
};

/* Throws, unless the symbol is that of a nothrow form; or the program's handler finds memory. */
static ZM_COLD void *ask_own(const char *symbol, size_t size, size_t alignment)
{
    static const char nothrow;
    union own_operator own = {.symbol = find_own(symbol)};

    if (own.symbol == NULL) {
        zm_write_to_stderr(NO_OPERATOR, sizeof NO_OPERATOR - 1);
        abort();
    }
    return alignment == 0 ? own.plain(size, &nothrow) : own.aligned(size, alignment, &nothrow);
}

/* ---- The operators ---- */

#define NEW(id, symbol)                                                                            \
    ZMALLOC_API void *id(size_t size) __asm__(symbol);                                             \
    ZMALLOC_API void *id(size_t size)                                                              \
    {                                                                                              \
        void *ptr = ZM_MALLOC(malloc)(size);                                                       \
                                                                                                   \
        return ZM_LIKELY(ptr != NULL) ? ptr : ask_own(symbol, size, 0);                            \
    }
#define NEW_ALIGNED(id, symbol)                                                                    \
    ZMALLOC_API void *id(size_t size, size_t alignment) __asm__(symbol);                           \
    ZMALLOC_API void *id(size_t size, size_t alignment)                                            \
    {                                                                                              \
        void *ptr = zm_preload_aligned(alignment, size);                                           \
                                                                                                   \
        return ZM_LIKELY(ptr != NULL) ? ptr : ask_own(symbol, size, alignment);                    \
    }

NEW(new_one, "_Znw" SIZE)
NEW(new_array, "_Zna" SIZE)
NEW(new_one_nothrow, "_Znw" SIZE NOTHROW)
NEW(new_array_nothrow, "_Zna" SIZE NOTHROW)
NEW_ALIGNED(new_one_aligned, "_Znw" SIZE ALIGN)
NEW_ALIGNED(new_array_aligned, "_Zna" SIZE ALIGN)
NEW_ALIGNED(new_one_aligned_nothrow, "_Znw" SIZE ALIGN NOTHROW)
NEW_ALIGNED(new_array_aligned_nothrow, "_Zna" SIZE ALIGN NOTHROW)

/* Whatever more a form gets (a size, an alignment, nothrow), it does not need. */
#define DELETE(id, symbol)                                                                         \
    ZMALLOC_API void id(void *ptr) __asm__(symbol);                                                \
    ZMALLOC_API void id(void *ptr)                                                                 \
    {                                                                                              \
        if (!zm_arena_has(ptr))                                                                    \
            ZM_MALLOC(free)(ptr);                                                                  \
    }

DELETE(delete_one, "_ZdlPv")
DELETE(delete_array, "_ZdaPv")
DELETE(delete_one_sized, "_ZdlPv" SIZE)
DELETE(delete_array_sized, "_ZdaPv" SIZE)
DELETE(delete_one_nothrow, "_ZdlPv" NOTHROW)
DELETE(delete_array_nothrow, "_ZdaPv" NOTHROW)
DELETE(delete_one_aligned, "_ZdlPv" ALIGN)
DELETE(delete_array_aligned, "_ZdaPv" ALIGN)
DELETE(delete_one_sized_aligned, "_ZdlPv" SIZE ALIGN)
DELETE(delete_array_sized_aligned, "_ZdaPv" SIZE ALIGN)
DELETE(delete_one_aligned_nothrow, "_ZdlPv" ALIGN NOTHROW)
DELETE(delete_array_aligned_nothrow, "_ZdaPv" ALIGN NOTHROW)
