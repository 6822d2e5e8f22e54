/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_ADAPTERS_H
#define ZMALLOC_ADAPTERS_H

/*
 * For programs that hand zmalloc to other libraries: functions of exactly the shape that zlib,
 * SQLite, Lua, libuv, jansson, curl, OpenSSL and PCRE2 want, so that their memory is counted, too.
 * docs/adapters.md shows each in use.
 *
 * All of these functions are inline, and need no header but zmalloc's. What zmalloc.h says at its
 * top is true of them, and so is this, unless a comment says otherwise:
 *
 * - If there is no memory they return NULL with errno ENOMEM, and never call the out-of-memory
 *   handler: the library reports the failure in its own way. So does a size that is not possible,
 *   and a product that overflows.
 * - A reallocation that fails leaves the block as it was, whatever the size. (ztryrealloc() does
 *   not: see there.)
 * - A reallocation of NULL allocates. A reallocation to size 0 frees the block and returns NULL,
 *   which is no failure and keeps errno.
 * - Size 0 gives a unique block, to be freed like any other.
 * - Freeing NULL does nothing. Freeing keeps errno.
 * - A block that a library gives the program for good comes from zmalloc. If the library's
 *   documentation says free(), it is zfree() now; if it names a function of its own, it is still
 *   that one. With a zone it is zfree_in().
 *
 * Tell a library before it allocates anything. Most have no way to know where an older block came
 * from.
 *
 * A zone (zmalloc_zone.h) counts the memory of one library by itself. Libraries that pass a pointer
 * through to their allocator (zlib, Lua, PCRE2) get the zone in that pointer, or NULL for none. For
 * the others, ZMALLOC_ADAPTERS_IN() defines functions over a zone. The zone has to live until the
 * last of the library's blocks is freed.
 */

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "zmalloc.h"
#include "zmalloc_zone.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What the adapters are made of: not for programs -----------------------------------------
 *
 * With NULL for a zone that the compiler can see, only the call of a function of zmalloc.h is left.
 */

static inline void *zmalloc_adapters_no_memory_(void)
{
    errno = ENOMEM;
    return NULL;
}

static inline void *zmalloc_adapters_malloc_(struct zmalloc_zone *zone, size_t size)
{
    return zone == NULL ? ztrymalloc(size) : ztrymalloc_in(zone, size);
}

static inline void zmalloc_adapters_free_(struct zmalloc_zone *zone, void *ptr)
{
    if (zone == NULL)
        zfree(ptr);
    else
        zfree_in(zone, ptr);
}

/* A size from SIZE_MAX/2 on must not reach ztryrealloc_in(), which would free the block. */
static inline void *zmalloc_adapters_realloc_(struct zmalloc_zone *zone, void *ptr, size_t size)
{
    if (zone == NULL)
        return ztryreallocarray(ptr, 1, size);
    if (size >= SIZE_MAX / 2)
        return zmalloc_adapters_no_memory_();
    return ztryrealloc_in(zone, ptr, size);
}

/* Whether the product is below SIZE_MAX/2, from where on every request fails. */
static inline int zmalloc_adapters_is_size_(size_t num, size_t size)
{
    return num == 0 || size <= (SIZE_MAX / 2 - 1) / num;
}

static inline void *zmalloc_adapters_calloc_(struct zmalloc_zone *zone, size_t num, size_t size)
{
    if (zone == NULL)
        return ztrycalloc_num(num, size);
    if (!zmalloc_adapters_is_size_(num, size))
        return zmalloc_adapters_no_memory_();
    return ztrycalloc_in(zone, num * size);
}

static inline char *zmalloc_adapters_strdup_(struct zmalloc_zone *zone, const char *string)
{
    size_t size = strlen(string) + 1;
    void *copy = zmalloc_adapters_malloc_(zone, size);

    return (char *)(copy != NULL ? memcpy(copy, string, size) : NULL);
}

/* ---- libuv, jansson, curl, and whatever takes functions like those of C ---------------------- */

/*
 * malloc, calloc, realloc, free and strdup.
 *
 *   uv_replace_allocator(zmalloc_plain_malloc, zmalloc_plain_realloc, zmalloc_plain_calloc,
 *                        zmalloc_plain_free);
 *   json_set_alloc_funcs(zmalloc_plain_malloc, zmalloc_plain_free);
 *   json_set_alloc_funcs2(zmalloc_plain_malloc, zmalloc_plain_realloc, zmalloc_plain_free);
 *   curl_global_init_mem(CURL_GLOBAL_DEFAULT, zmalloc_plain_malloc, zmalloc_plain_free,
 *                        zmalloc_plain_realloc, zmalloc_plain_strdup, zmalloc_plain_calloc);
 *
 * These libraries call them from any of their threads and rely on realloc to size 0 as above: they
 * take NULL from that as "freed" and not as a failure. json_set_alloc_funcs2 is in jansson from
 * 2.15 on; without it jansson never reallocates. The shapes are those of ISO C and POSIX, and of
 *   https://docs.libuv.org/en/v1.x/misc.html#c.uv_replace_allocator
 *   https://jansson.readthedocs.io/en/latest/apiref.html#custom-memory-allocation
 *   https://curl.se/libcurl/c/curl_global_init_mem.html
 */
static inline void *zmalloc_plain_malloc(size_t size)
{
    return zmalloc_adapters_malloc_(NULL, size);
}

static inline void *zmalloc_plain_calloc(size_t num, size_t size)
{
    return zmalloc_adapters_calloc_(NULL, num, size);
}

static inline void *zmalloc_plain_realloc(void *ptr, size_t size)
{
    return zmalloc_adapters_realloc_(NULL, ptr, size);
}

static inline void zmalloc_plain_free(void *ptr)
{
    zmalloc_adapters_free_(NULL, ptr);
}

/* The string must not be NULL. */
static inline char *zmalloc_plain_strdup(const char *string)
{
    return zmalloc_adapters_strdup_(NULL, string);
}

/* ---- zlib ------------------------------------------------------------------------------------ */

/*
 * alloc_func and free_func: an array of items elements of size bytes, contents undefined; and its
 * end. opaque is a struct zmalloc_zone *, or NULL.
 *
 *   stream.zalloc = zmalloc_zlib_alloc;
 *   stream.zfree = zmalloc_zlib_free;
 *   stream.opaque = NULL;
 *
 * Set them before deflateInit or inflateInit. zlib wants them to be thread-safe if streams are
 * used in several threads; they are. compress(), uncompress() and the gz functions have no such
 * members and stay with malloc. Shape: https://www.zlib.net/manual.html#Basic
 */
static inline void *zmalloc_zlib_alloc(void *opaque, unsigned items, unsigned size)
{
    /* On 32 bits the product of the two can be too large. */
    if (!zmalloc_adapters_is_size_(items, size))
        return zmalloc_adapters_no_memory_();
    return zmalloc_adapters_malloc_((struct zmalloc_zone *)opaque, (size_t)items * size);
}

static inline void zmalloc_zlib_free(void *opaque, void *ptr)
{
    zmalloc_adapters_free_((struct zmalloc_zone *)opaque, ptr);
}

/* ---- Lua ------------------------------------------------------------------------------------- */

/*
 * lua_Alloc. opaque is a struct zmalloc_zone *, or NULL.
 *
 *   lua_State *state = lua_newstate(zmalloc_lua_alloc, NULL);
 *
 * With new_size 0 it frees ptr, which may be NULL, and returns NULL. With ptr NULL, Lua passes the
 * kind of its new object as old_size, so that is ignored. Otherwise old_size is the size of the
 * block, and a request to make it smaller never fails: Lua up to 5.3 relies on that, so where the
 * allocator cannot, the block stays as it is.
 *
 * A state belongs to one thread at a time; states of several threads may share a zone.
 * Shape: https://www.lua.org/manual/5.4/manual.html#lua_Alloc
 */
static inline void *zmalloc_lua_alloc(void *opaque, void *ptr, size_t old_size, size_t new_size)
{
    struct zmalloc_zone *zone = (struct zmalloc_zone *)opaque;
    void *resized;

    if (new_size == 0) {
        zmalloc_adapters_free_(zone, ptr);
        return NULL;
    }
    resized = zmalloc_adapters_realloc_(zone, ptr, new_size);
    return resized == NULL && new_size <= old_size ? ptr : resized;
}

/* ---- PCRE2 ----------------------------------------------------------------------------------- */

/*
 * The two functions of a general context. opaque is a struct zmalloc_zone *, or NULL.
 *
 *   context = pcre2_general_context_create(zmalloc_pcre2_malloc, zmalloc_pcre2_free, NULL);
 *
 * Patterns, match data and other contexts use them if they are made with that context, or with one
 * that was made from it; NULL instead of a context means malloc again.
 * Shape: https://www.pcre.org/current/doc/html/pcre2_general_context_create.html
 */
static inline void *zmalloc_pcre2_malloc(size_t size, void *opaque)
{
    return zmalloc_adapters_malloc_((struct zmalloc_zone *)opaque, size);
}

static inline void zmalloc_pcre2_free(void *ptr, void *opaque)
{
    zmalloc_adapters_free_((struct zmalloc_zone *)opaque, ptr);
}

/* ---- OpenSSL --------------------------------------------------------------------------------- */

static inline void *zmalloc_adapters_openssl_malloc_(struct zmalloc_zone *zone, size_t size)
{
    return size == 0 ? NULL : zmalloc_adapters_malloc_(zone, size);
}

static inline void *zmalloc_adapters_openssl_realloc_(struct zmalloc_zone *zone, void *ptr,
                                                      size_t size)
{
    return ptr == NULL ? zmalloc_adapters_openssl_malloc_(zone, size)
                       : zmalloc_adapters_realloc_(zone, ptr, size);
}

/*
 * CRYPTO_malloc_fn, CRYPTO_realloc_fn and CRYPTO_free_fn, for OpenSSL 1.1.0 and later. file and
 * line say where OpenSSL asks and are ignored.
 *
 *   CRYPTO_set_mem_functions(zmalloc_openssl_malloc, zmalloc_openssl_realloc,
 *                            zmalloc_openssl_free);
 *
 * It returns 1, or 0 if OpenSSL has already allocated with its own functions: so call it first of
 * all, also before a library that starts OpenSSL, such as curl. Size 0 gives NULL and no error, as
 * from OpenSSL's own functions, which these replace whole. Memory of CRYPTO_secure_malloc() is not
 * theirs.
 * Shape: https://docs.openssl.org/3.0/man3/OPENSSL_malloc/
 */
static inline void *zmalloc_openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return zmalloc_adapters_openssl_malloc_(NULL, size);
}

static inline void *zmalloc_openssl_realloc(void *ptr, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return zmalloc_adapters_openssl_realloc_(NULL, ptr, size);
}

static inline void zmalloc_openssl_free(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    zmalloc_adapters_free_(NULL, ptr);
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

/* SQLite keeps sizes in an int, and wants them and addresses in multiples of this. */
#define ZMALLOC_SQLITE_UNIT_ ((size_t)8)

static inline size_t zmalloc_adapters_sqlite_round_(int size)
{
    return ((size_t)size + ZMALLOC_SQLITE_UNIT_ - 1) / ZMALLOC_SQLITE_UNIT_ * ZMALLOC_SQLITE_UNIT_;
}

static inline void *zmalloc_adapters_sqlite_malloc_(struct zmalloc_zone *zone, int size)
{
    return size <= 0 ? NULL : zmalloc_adapters_malloc_(zone, zmalloc_adapters_sqlite_round_(size));
}

static inline void *zmalloc_adapters_sqlite_realloc_(struct zmalloc_zone *zone, void *ptr, int size)
{
    if (size < 0)
        return zmalloc_adapters_no_memory_();
    return zmalloc_adapters_realloc_(zone, ptr, zmalloc_adapters_sqlite_round_(size));
}

/*
 * The members of sqlite3_mem_methods. SQLite calls them in any thread.
 *
 * malloc rounds up to a multiple of 8, so that the block is aligned to 8; it gives NULL for a size
 * that is 0 or negative. realloc fails for a negative size and leaves the block. size is the usable
 * size, at most the largest multiple of 8 that an int holds; 0 for NULL. roundup is the usable size
 * that a block of this size would have: so SQLite knows what it may use, and sqlite3_memory_used()
 * agrees with zmalloc_used_memory(), but for the backend's prefix. For a size that is 0 or
 * negative, or that an int cannot hold rounded up, it is 0, which SQLite takes as a failure. init
 * and shutdown have nothing to do. Shape: https://www.sqlite.org/c3ref/mem_methods.html
 */
static inline void *zmalloc_sqlite_malloc(int size)
{
    return zmalloc_adapters_sqlite_malloc_(NULL, size);
}

static inline void *zmalloc_sqlite_realloc(void *ptr, int size)
{
    return zmalloc_adapters_sqlite_realloc_(NULL, ptr, size);
}

static inline void zmalloc_sqlite_free(void *ptr)
{
    zmalloc_adapters_free_(NULL, ptr);
}

static inline int zmalloc_sqlite_size(void *ptr)
{
    const size_t most = INT_MAX / ZMALLOC_SQLITE_UNIT_ * ZMALLOC_SQLITE_UNIT_;
    size_t usable = zmalloc_usable_size(ptr);

    return (int)(usable < most ? usable : most);
}

static inline int zmalloc_sqlite_roundup(int size)
{
    size_t least, good;

    if (size <= 0)
        return 0;
    least = zmalloc_adapters_sqlite_round_(size);
    if (least > INT_MAX)
        return 0;
    good = zmalloc_good_size(least) / ZMALLOC_SQLITE_UNIT_ * ZMALLOC_SQLITE_UNIT_;
    return (int)(good < least || good > INT_MAX ? least : good);
}

static inline int zmalloc_sqlite_init(void *opaque)
{
    (void)opaque;
    return 0;
}

static inline void zmalloc_sqlite_shutdown(void *opaque)
{
    (void)opaque;
}

/* ---- A zone for libraries that pass no pointer ----------------------------------------------- */

/*
 * ZMALLOC_ADAPTERS_IN(prefix, zone) defines, in a source file, the functions of this header that
 * have no opaque pointer once more: prefix_plain_malloc and its relatives, prefix_openssl_malloc
 * and so on, prefix_sqlite_malloc and so on, all static. Each evaluates the expression zone, a
 * struct zmalloc_zone *, whenever it is called; NULL is no zone. It must give a block's functions
 * the same zone for as long as the block lives.
 *
 *   static struct zmalloc_zone *json_zone;
 *   ZMALLOC_ADAPTERS_IN(json, json_zone);
 *   ...
 *   json_set_alloc_funcs(json_plain_malloc, json_plain_free);
 *
 * If sqlite3.h is included before, it defines prefix_sqlite_methods(), too; see below.
 */
#define ZMALLOC_ADAPTERS_IN(prefix, zone)                                                          \
    ZMALLOC_ADAPTERS_PLAIN_(prefix, zone)                                                          \
    ZMALLOC_ADAPTERS_OPENSSL_(prefix, zone)                                                        \
    ZMALLOC_ADAPTERS_SQLITE_(prefix, zone)                                                         \
    ZMALLOC_ADAPTERS_SQLITE_METHODS_(prefix)                                                       \
    struct zmalloc_adapters_end_ /* for the semicolon */

/* A program rarely needs all of them. */
#define ZMALLOC_ADAPTER_ ZMALLOC_ATTRIBUTE(unused) static inline

#define ZMALLOC_ADAPTERS_PLAIN_(prefix, zone)                                                      \
    ZMALLOC_ADAPTER_ void *prefix##_plain_malloc(size_t size)                                      \
    {                                                                                              \
        return zmalloc_adapters_malloc_(zone, size);                                               \
    }                                                                                              \
    ZMALLOC_ADAPTER_ void *prefix##_plain_calloc(size_t num, size_t size)                          \
    {                                                                                              \
        return zmalloc_adapters_calloc_(zone, num, size);                                          \
    }                                                                                              \
    ZMALLOC_ADAPTER_ void *prefix##_plain_realloc(void *ptr, size_t size)                          \
    {                                                                                              \
        return zmalloc_adapters_realloc_(zone, ptr, size);                                         \
    }                                                                                              \
    ZMALLOC_ADAPTER_ void prefix##_plain_free(void *ptr)                                           \
    {                                                                                              \
        zmalloc_adapters_free_(zone, ptr);                                                         \
    }                                                                                              \
    ZMALLOC_ADAPTER_ char *prefix##_plain_strdup(const char *string)                               \
    {                                                                                              \
        return zmalloc_adapters_strdup_(zone, string);                                             \
    }

#define ZMALLOC_ADAPTERS_OPENSSL_(prefix, zone)                                                    \
    ZMALLOC_ADAPTER_ void *prefix##_openssl_malloc(size_t size, const char *file, int line)        \
    {                                                                                              \
        (void)file;                                                                                \
        (void)line;                                                                                \
        return zmalloc_adapters_openssl_malloc_(zone, size);                                       \
    }                                                                                              \
    ZMALLOC_ADAPTER_ void *prefix##_openssl_realloc(void *ptr, size_t size, const char *file,      \
                                                    int line)                                      \
    {                                                                                              \
        (void)file;                                                                                \
        (void)line;                                                                                \
        return zmalloc_adapters_openssl_realloc_(zone, ptr, size);                                 \
    }                                                                                              \
    ZMALLOC_ADAPTER_ void prefix##_openssl_free(void *ptr, const char *file, int line)             \
    {                                                                                              \
        (void)file;                                                                                \
        (void)line;                                                                                \
        zmalloc_adapters_free_(zone, ptr);                                                         \
    }

#define ZMALLOC_ADAPTERS_SQLITE_(prefix, zone)                                                     \
    ZMALLOC_ADAPTER_ void *prefix##_sqlite_malloc(int size)                                        \
    {                                                                                              \
        return zmalloc_adapters_sqlite_malloc_(zone, size);                                        \
    }                                                                                              \
    ZMALLOC_ADAPTER_ void *prefix##_sqlite_realloc(void *ptr, int size)                            \
    {                                                                                              \
        return zmalloc_adapters_sqlite_realloc_(zone, ptr, size);                                  \
    }                                                                                              \
    ZMALLOC_ADAPTER_ void prefix##_sqlite_free(void *ptr)                                          \
    {                                                                                              \
        zmalloc_adapters_free_(zone, ptr);                                                         \
    }

#define ZMALLOC_ADAPTERS_SQLITE_METHODS_(prefix)

#ifdef __cplusplus
}
#endif

#endif

/*
 * ---- SQLite's table --------------------------------------------------------------------------
 *
 * For files that include sqlite3.h before this header, which may be included a second time for it.
 */

#if defined(SQLITE_VERSION_NUMBER) && !defined(ZMALLOC_ADAPTERS_WITH_SQLITE)
#define ZMALLOC_ADAPTERS_WITH_SQLITE

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What SQLITE_CONFIG_MALLOC takes. SQLite copies it.
 *
 *   sqlite3_config(SQLITE_CONFIG_MALLOC, zmalloc_sqlite_methods());
 *
 * Call that before sqlite3_initialize() and anything that implies it, or after
 * sqlite3_shutdown(); it returns SQLITE_OK, or SQLITE_MISUSE if it comes too late.
 */
static inline const sqlite3_mem_methods *zmalloc_sqlite_methods(void)
{
    static const sqlite3_mem_methods methods = {
        zmalloc_sqlite_malloc,  zmalloc_sqlite_free, zmalloc_sqlite_realloc,  zmalloc_sqlite_size,
        zmalloc_sqlite_roundup, zmalloc_sqlite_init, zmalloc_sqlite_shutdown, NULL,
    };

    return &methods;
}

#undef ZMALLOC_ADAPTERS_SQLITE_METHODS_
#define ZMALLOC_ADAPTERS_SQLITE_METHODS_(prefix)                                                   \
    ZMALLOC_ADAPTER_ const sqlite3_mem_methods *prefix##_sqlite_methods(void)                      \
    {                                                                                              \
        static const sqlite3_mem_methods methods = {                                               \
            prefix##_sqlite_malloc,  prefix##_sqlite_free,                                         \
            prefix##_sqlite_realloc, zmalloc_sqlite_size,                                          \
            zmalloc_sqlite_roundup,  zmalloc_sqlite_init,                                          \
            zmalloc_sqlite_shutdown, NULL,                                                         \
        };                                                                                         \
                                                                                                   \
        return &methods;                                                                           \
    }

#ifdef __cplusplus
}
#endif

#endif
