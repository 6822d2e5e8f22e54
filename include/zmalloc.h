/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_H
#define ZMALLOC_H

/*
 * zmalloc: accounted allocation over an allocator chosen at run time.
 *
 * What holds for every function here unless its comment says otherwise:
 *
 * - Sizes are bytes.
 * - Any thread may call it, at any time of the process: before main, in thread-exit destructors,
 *   after exit() has begun. A block may be freed by another thread than the one that got it. (One
 *   exception: a thread whose first call of all comes in the fourth and last round of its key
 *   destructors may make 63 calls there, not more.)
 * - After fork() the child may call it, whatever the other threads of the parent were doing. For
 *   handlers of pthread_atfork see zmalloc_init().
 * - It is no cancellation point: pthread_cancel() never takes effect in it, so that no descriptor
 *   stays open and no lock taken. A handler of zmalloc_set_oom_handler() is the program's own: it
 *   may be cancelled, and so the caller with it.
 * - It needs at most 8 KiB of stack, and runs in a thread of 16 KiB, which glibc calls
 *   PTHREAD_STACK_MIN. (Not so:
 *   what the dynamic linker and a module's own code need where a backend is chosen, and whatever an
 *   allocator needs that is no backend of ours.)
 * - It is not async-signal-safe: do not call it from a signal handler that may have interrupted
 *   an allocation. (The same as malloc.)
 * - Blocks come from the active backend and go back through this header only: never pass them to
 *   free() or to an allocator's own functions, nor the other way about.
 *
 * The words "Redis 7", "ISO C" and "ours" at the end of a comment say where a behaviour comes from.
 */

#include <stddef.h>

#if defined(__GNUC__) || defined(__clang__)
#define ZMALLOC_ATTRIBUTE(...) __attribute__((__VA_ARGS__))
#else
#define ZMALLOC_ATTRIBUTE(...)
#endif

/*
 * Define ZMALLOC_STATIC for what is linked with the archive, libzmalloc.a: then nothing of that copy
 * is seen outside of the program or library that it is in, not even what C++ makes of zmalloc.hpp.
 */
#ifdef ZMALLOC_STATIC
#define ZMALLOC_API ZMALLOC_ATTRIBUTE(visibility("hidden"))
#else
#define ZMALLOC_API ZMALLOC_ATTRIBUTE(visibility("default"))
#endif

/*
 * The symbol of each function is its name with zml_ before it: zmalloc() is the symbol zml_zmalloc.
 * Redis, Valkey and what is made of them have functions of the same names, of which the dynamic
 * linker would take the first that it finds; and static zlib has a zcalloc. Who looks a function up
 * by itself, with dlsym() or from another language, asks for the symbol.
 *
 * ZMALLOC_DEFINE_NAMES makes each name a macro for the symbol instead, for compilers that cannot
 * give a function another symbol.
 */
#define ZMALLOC_QUOTE_(x) #x
#define ZMALLOC_QUOTE(x) ZMALLOC_QUOTE_(x)
#if (defined(__GNUC__) || defined(__clang__)) && !defined(ZMALLOC_DEFINE_NAMES)
#define ZMALLOC_SYMBOL(name) __asm__(ZMALLOC_QUOTE(__USER_LABEL_PREFIX__) "zml_" #name)
#else
#define ZMALLOC_SYMBOL(name)
#include "zmalloc/names.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Allocation ------------------------------------------------------------------------------
 *
 * Size 0 counts as sizeof(long): a unique block that is freed as any other.
 * A size at or above SIZE_MAX/2 fails before the allocator is asked.
 * A block whose size is 16 or more is aligned to 16; a smaller one for any type that fits in it.
 * (Where the machine's own malloc aligns to 8, as on 32-bit ARM, so do the backends over it.)
 * "Zeroed" means all of the usable size.
 *
 * Every family has two forms. zX calls the out-of-memory handler where there is no memory; should
 * the handler return, it returns NULL as the other form does. ztryX returns NULL. In both NULL
 * comes with errno ENOMEM.
 *
 * The attribute alloc_size makes the compiler believe that a block ends where the request ended.
 * Use the bytes beyond, up to zmalloc_usable_size(), through a pointer from a function of the
 * usable family or from extend_to_usable(); _FORTIFY_SOURCE then agrees.
 */

/*
 * Gives the block back. NULL is ignored; errno is kept. Redis 7; errno as in POSIX 2024.
 * The libc backend knows its blocks: for a pointer that is none of them, or was freed before, it
 * prints one line that names the pointer and aborts, provided that there is memory before it. With
 * the others that is undefined.
 */
ZMALLOC_API void zfree(void *ptr) ZMALLOC_SYMBOL(zfree);

/* zfree, and *usable is the usable size that was given back (0 for NULL). usable may be NULL.
 * Redis 7. */
ZMALLOC_API void zfree_usable(void *ptr, size_t *usable) ZMALLOC_SYMBOL(zfree_usable);

/*
 * zfree for a caller who knows the size: what was asked for, the usable size, or anything between
 * them. The allocator may save itself a look-up. Any other size is undefined. Valkey.
 */
ZMALLOC_API void zfree_with_size(void *ptr, size_t size) ZMALLOC_SYMBOL(zfree_with_size);

/*
 * What these functions free. gcc 11 and later then warn of a block of ours that is given to another
 * function that frees, as free() or delete. Not those that reallocate: where they fail the block may
 * be there still.
 */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define ZMALLOC_FREED                                                                              \
    ZMALLOC_ATTRIBUTE(malloc(zfree, 1), malloc(zfree_usable, 1), malloc(zfree_with_size, 1))
#else
#define ZMALLOC_FREED
#endif

/* A new block that nothing else points to; and one that may be an old one, moved or not. */
#define ZMALLOC_NEW ZMALLOC_ATTRIBUTE(malloc, warn_unused_result) ZMALLOC_FREED
#define ZMALLOC_RESIZED ZMALLOC_ATTRIBUTE(warn_unused_result) ZMALLOC_FREED

/* A block of size bytes, contents undefined. Redis 7. */
ZMALLOC_API void *zmalloc(size_t size) ZMALLOC_SYMBOL(zmalloc) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));

/* A zeroed block of size bytes. Redis 7. */
ZMALLOC_API void *zcalloc(size_t size) ZMALLOC_SYMBOL(zcalloc) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));

/*
 * A zeroed array of num elements of size bytes. Where the product overflows the out-of-memory
 * handler gets SIZE_MAX. (0, n) and (n, 0) are size 0. Redis 7, but for (n, 0), which fails there,
 * and for ztrycalloc_num, which is ours.
 */
ZMALLOC_API void *zcalloc_num(size_t num, size_t size) ZMALLOC_SYMBOL(zcalloc_num) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1, 2));
ZMALLOC_API void *ztrycalloc_num(size_t num, size_t size) ZMALLOC_SYMBOL(ztrycalloc_num) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1, 2));

/*
 * Makes the block size bytes long, moving it if need be; what it held stays, up to the smaller
 * size. zrealloc(NULL, size) is zmalloc(size). zrealloc(ptr, 0) frees ptr and returns NULL, without
 * calling the handler and without setting errno. A size at or above SIZE_MAX/2 frees ptr as well
 * and then fails (Redis's rule). Where the allocator has no memory the block stays as it was. A
 * block from zmalloc_aligned keeps its contents, not its alignment. Redis 7.
 */
ZMALLOC_API void *zrealloc(void *ptr, size_t size) ZMALLOC_SYMBOL(zrealloc) ZMALLOC_RESIZED
    ZMALLOC_ATTRIBUTE(alloc_size(2));

/*
 * The same three, returning NULL and setting errno instead of calling the handler. Redis 7.
 *
 * Do not hand ztryrealloc to a library that wants a realloc(): where that fails the block is still
 * there, and the library frees it; ztryrealloc has freed it already if the size is at or above
 * SIZE_MAX/2, as a size is that was computed from a negative number. Hand it a function that calls
 * ztryreallocarray(ptr, 1, size).
 */
ZMALLOC_API void *ztrymalloc(size_t size) ZMALLOC_SYMBOL(ztrymalloc) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));
ZMALLOC_API void *ztrycalloc(size_t size) ZMALLOC_SYMBOL(ztrycalloc) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));
ZMALLOC_API void *ztryrealloc(void *ptr, size_t size) ZMALLOC_SYMBOL(ztryrealloc) ZMALLOC_RESIZED
    ZMALLOC_ATTRIBUTE(alloc_size(2));

/*
 * Like zrealloc to num * size bytes, with one difference: on any failure, the overflow of the
 * product and a size too large included, ptr is left alone. The handler gets SIZE_MAX where the
 * product overflows. Ours, after OpenBSD's reallocarray.
 */
ZMALLOC_API void *zreallocarray(void *ptr, size_t num, size_t size)
    ZMALLOC_SYMBOL(zreallocarray) ZMALLOC_RESIZED ZMALLOC_ATTRIBUTE(alloc_size(2, 3));
ZMALLOC_API void *ztryreallocarray(void *ptr, size_t num, size_t size)
    ZMALLOC_SYMBOL(ztryreallocarray) ZMALLOC_RESIZED ZMALLOC_ATTRIBUTE(alloc_size(2, 3));

/*
 * As their namesakes above, and they tell through *usable how many bytes of the block may be used,
 * at least what was asked for; 0 where they return NULL. usable may be NULL. Redis 7.
 */
ZMALLOC_API void *zmalloc_usable(size_t size, size_t *usable)
    ZMALLOC_SYMBOL(zmalloc_usable) ZMALLOC_NEW;
ZMALLOC_API void *zcalloc_usable(size_t size, size_t *usable)
    ZMALLOC_SYMBOL(zcalloc_usable) ZMALLOC_NEW;
ZMALLOC_API void *zrealloc_usable(void *ptr, size_t size, size_t *usable)
    ZMALLOC_SYMBOL(zrealloc_usable) ZMALLOC_RESIZED;
ZMALLOC_API void *ztrymalloc_usable(size_t size, size_t *usable)
    ZMALLOC_SYMBOL(ztrymalloc_usable) ZMALLOC_NEW;
ZMALLOC_API void *ztrycalloc_usable(size_t size, size_t *usable)
    ZMALLOC_SYMBOL(ztrycalloc_usable) ZMALLOC_NEW;
ZMALLOC_API void *ztryrealloc_usable(void *ptr, size_t size, size_t *usable)
    ZMALLOC_SYMBOL(ztryrealloc_usable) ZMALLOC_RESIZED;

/*
 * A block of size bytes whose address is a multiple of alignment, a power of two. Where it is none
 * both return NULL with errno EINVAL, and the handler is not called. Ours, after ISO C.
 */
ZMALLOC_API void *zmalloc_aligned(size_t alignment, size_t size)
    ZMALLOC_SYMBOL(zmalloc_aligned) ZMALLOC_NEW ZMALLOC_ATTRIBUTE(alloc_size(2), alloc_align(1));
ZMALLOC_API void *ztrymalloc_aligned(size_t alignment, size_t size)
    ZMALLOC_SYMBOL(ztrymalloc_aligned) ZMALLOC_NEW ZMALLOC_ATTRIBUTE(alloc_size(2), alloc_align(1));

/* zmalloc_aligned to the cache line of the machine the library was built for, and
 * ztrymalloc_aligned. Valkey 9.1, and ours. */
ZMALLOC_API void *zmalloc_cache_aligned(size_t size)
    ZMALLOC_SYMBOL(zmalloc_cache_aligned) ZMALLOC_NEW ZMALLOC_ATTRIBUTE(alloc_size(1));
ZMALLOC_API void *ztrymalloc_cache_aligned(size_t size)
    ZMALLOC_SYMBOL(ztrymalloc_cache_aligned) ZMALLOC_NEW ZMALLOC_ATTRIBUTE(alloc_size(1));

/* A copy of the string, in a block of its own. Redis 7, and ours. */
ZMALLOC_API char *zstrdup(const char *string) ZMALLOC_SYMBOL(zstrdup) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(nonnull(1));
ZMALLOC_API char *ztrystrdup(const char *string) ZMALLOC_SYMBOL(ztrystrdup) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(nonnull(1));

/*
 * What the block counts for in zmalloc_used_memory(): its usable size and the backend's prefix.
 * 0 for NULL. Redis 7.
 */
ZMALLOC_API size_t zmalloc_size(const void *ptr) ZMALLOC_SYMBOL(zmalloc_size);

/* How many bytes of the block may be used, at least what was asked for. 0 for NULL. Redis 7. */
ZMALLOC_API size_t zmalloc_usable_size(const void *ptr) ZMALLOC_SYMBOL(zmalloc_usable_size);

/*
 * Returns ptr, and makes the compiler believe that size bytes follow it: for use with
 * zmalloc_usable_size(). Redis 7.
 */
ZMALLOC_API void *extend_to_usable(void *ptr, size_t size) ZMALLOC_SYMBOL(extend_to_usable)
    ZMALLOC_ATTRIBUTE(warn_unused_result, alloc_size(2), noinline);

/*
 * Sets what zX functions call if there is no memory, with the size that was asked for. NULL brings
 * back the default, which prints "zmalloc: Out of memory trying to allocate N bytes", for a block from
 * zmalloc_aligned() with "aligned to N" after it, and aborts.
 *
 * A handler may return, exit, longjmp, throw a C++ exception, or call this library; it runs in the
 * thread that asked, and none of the library's locks is held. If it asks for memory itself, and with
 * a zX function, and there is none, then it is not called again for that: the process ends with the
 * line of the default handler. So have a handler ask with ztryX functions. A handler that was left by
 * longjmp or an exception is no longer at work; that is seen from the stack, by the unwinder of the
 * compiler, which the call that sets a handler opens (libgcc_s: this takes the dynamic linker's lock
 * and may allocate with malloc). Without an unwinder, and on a stack of a coroutine's, which it does
 * not see the end of, a handler may be called up to 16 times within itself.
 * Keeps errno. Redis 7; the end of a handler that runs out of memory is ours.
 */
ZMALLOC_API void zmalloc_set_oom_handler(void (*handler)(size_t size))
    ZMALLOC_SYMBOL(zmalloc_set_oom_handler);

/* ---- Accounting ------------------------------------------------------------------------------ */

/*
 * The sum over all live blocks of zmalloc_size(). Exact while no other thread allocates; else at
 * least what was in use at a moment of the call, never a sum gone below zero, and over it by what
 * was freed in the short time of the reading. Takes a lock that other readers, thread
 * starts and thread exits share; allocation does not. Redis 7.
 */
ZMALLOC_API size_t zmalloc_used_memory(void) ZMALLOC_SYMBOL(zmalloc_used_memory);

/*
 * The largest sum that was seen since the start or the last reset. It is looked at whenever this or
 * zmalloc_used_memory() is called, and when a block of 1 MiB or more brings what its thread has
 * allocated over what it has freed to a new high by 1 MiB. Growth by smaller blocks between two
 * looks is not seen. Never below what zmalloc_used_memory() has returned since. Ours.
 */
ZMALLOC_API size_t zmalloc_peak_memory(void) ZMALLOC_SYMBOL(zmalloc_peak_memory);

/* Makes the peak what is in use now. Ours. */
ZMALLOC_API void zmalloc_reset_peak(void) ZMALLOC_SYMBOL(zmalloc_reset_peak);

/* ---- Choice of the backend -------------------------------------------------------------------
 *
 * The environment variable ZMALLOC_BACKEND wins, unless the program runs set-user-ID; else what the
 * program gave to zmalloc_init(); else what the build's default_backend names. Each is a name or a
 * comma-separated list, tried in order: "mimalloc,jemalloc,libc". A name may have layers before it,
 * "fail+jemalloc"; one whose variable is set is there unnamed. docs/environment.md has it all.
 */

/*
 * Chooses the first backend of the list that can start; NULL or "" chooses the default. Returns 0
 * if one of the list is now active, or was before (with NULL or "": whichever it is; layers over it
 * that the list does not name make no difference); else -1 and errno is
 *   ENOENT   none is known and nothing else is wrong with any of them,
 *   ENOTSUP  one is known but not in this build, or its module is not installed,
 *   EBUSY    another backend is active already: by the operator's variable, by an earlier call, or
 *            because memory was allocated before,
 *   EINVAL   the variable of a layer has options that are none,
 *   or what the last one that failed to start failed with: ENOEXEC where its module cannot be used.
 * It never ends the program and prints nothing. The environment, as it was when the library was
 * loaded, is read again here and nowhere else: a program that sets one of the library's variables
 * for itself calls this afterwards, and no other thread may change the environment meanwhile.
 *
 * Call it before other threads start; before a filter of system calls (seccomp), as it makes the
 * library's table read-only; and before you register handlers of pthread_atfork that allocate or
 * take a lock under which others allocate: an allocator may register its own when it is chosen, and
 * fork runs handlers of its preparation in reverse order. Where the library itself is opened late,
 * by dlopen(), handlers from before that must do neither, whatever the backend. Ours.
 */
ZMALLOC_API int zmalloc_init(const char *spec) ZMALLOC_SYMBOL(zmalloc_init);

/* The name of the active backend, say "jemalloc", or with layers over it "fail+jemalloc". Chooses
 * one if none is. Ours. */
ZMALLOC_API const char *zmalloc_backend_name(void) ZMALLOC_SYMBOL(zmalloc_backend_name);

/*
 * Its version, say "5.3.0". For libc and native, where malloc is not the C library's own
 * (LD_PRELOAD, a sanitizer), it also says whose it is: "2.36, malloc of libfoo.so". Ours.
 */
ZMALLOC_API const char *zmalloc_backend_version(void) ZMALLOC_SYMBOL(zmalloc_backend_version);

/*
 * Where it comes from: "built in", "registered by the program", or the path of its module as the
 * dynamic linker has found it. The text lives as long as the process. Ours.
 */
ZMALLOC_API const char *zmalloc_backend_origin(void) ZMALLOC_SYMBOL(zmalloc_backend_origin);

/* Bytes of each block's own that the backend counts with it: zmalloc_size() less
 * zmalloc_usable_size(). 16 for libc, 0 for our other backends. Ours. */
ZMALLOC_API size_t zmalloc_backend_prefix_size(void) ZMALLOC_SYMBOL(zmalloc_backend_prefix_size);

/* Name and version, say "jemalloc-5.3.0". Redis 7 has the macro. */
ZMALLOC_API const char *zmalloc_lib(void) ZMALLOC_SYMBOL(zmalloc_lib);
#define ZMALLOC_LIB (zmalloc_lib())

enum zmalloc_backend_state {
    ZMALLOC_BACKEND_BUILT_IN,  /* part of the library, or registered by the program */
    ZMALLOC_BACKEND_LOADABLE,  /* its module is there, or is loaded */
    ZMALLOC_BACKEND_NOT_BUILT, /* known, but this build has none */
    ZMALLOC_BACKEND_BROKEN     /* not installed, or it failed to load or to start */
};

/*
 * Set struct_size before each call, to sizeof(struct zmalloc_backend_info). A program that was
 * compiled with another version's header so gets the members that it knows; those that the library
 * does not know are 0.
 */
struct zmalloc_backend_info {
    size_t struct_size;
    const char *name;
    enum zmalloc_backend_state state;
    const char *why; /* why it is not built or is broken, else ""; changes when it is tried */
};

/*
 * Describes the known backend number index, from 0 on, in the order of the registry. Returns 0, or
 * -1 with errno ENOENT past the last, or EINVAL where struct_size is no size of the structure: then
 * nothing else is written. Loads nothing: "loadable" is not a promise. The texts live as long as the
 * process. Ours.
 */
ZMALLOC_API int zmalloc_get_backend_info(size_t index, struct zmalloc_backend_info *info)
    ZMALLOC_SYMBOL(zmalloc_get_backend_info) ZMALLOC_ATTRIBUTE(nonnull(2));

/* ---- What the allocator tells and does ------------------------------------------------------- */

/*
 * What the active allocator says of itself, each in bytes, 0 if it does not know: allocated by the
 * program, active (pages that hold blocks), resident (pages that may be physically there),
 * retained (address space given back, but kept for later), muzzy (given back lazily). Any pointer
 * may be NULL. Returns 1 if the allocator knows anything, else 0. May take the allocator's locks.
 * Redis 7 and Valkey.
 *
 * A figure that an allocator gets wrong is unknown. By backend:
 *
 *   jemalloc      all five. allocated is what zmalloc_used_memory() says, without what the caches of
 *                 threads hold; resident has in it what jemalloc needs for itself.
 *   tcmalloc      all but muzzy, in the same sense. While other threads allocate, allocated may be
 *                 off by what they do meanwhile, or unknown.
 *   mimalloc      none: its count of committed memory drifts.
 *   libc, native  none: the C library counts for all of the process, with its own headers and the
 *                 caches of threads, and goes on counting what was given back.
 *
 * Pages that nobody has touched yet count as active and as resident. An active or resident figure
 * above zmalloc_get_memory_size() is unknown.
 */
ZMALLOC_API int zmalloc_get_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                           size_t *retained, size_t *muzzy)
    ZMALLOC_SYMBOL(zmalloc_get_allocator_info);

/*
 * Gives unused memory of the active allocator back to the system. Returns 0; 1 if it did what it
 * can, but the process may have other threads, and what they keep is out of its reach and may be
 * much; or -1 with errno ENOTSUP if it cannot. May take long. Ours, after Redis 7's jemalloc_purge.
 *
 * What it does not reach, by backend:
 *
 *   jemalloc      blocks in the caches of threads, and the pages they lie in; some MiB as a rule.
 *   tcmalloc      the same; all caches together have at most
 *                 tcmalloc.max_total_thread_cache_bytes, 32 MiB.
 *   mimalloc      (returns 1) with mimalloc 2 all pages that another live thread took, also if
 *                 every block in them was freed, and most free pages that lie between used ones;
 *                 with mimalloc 3 those in which that thread has freed blocks itself.
 *   libc, native  (return 1) with glibc the free end of the heap of each thread but the first, and
 *                 blocks in the caches of threads. With another C library, or another malloc in its
 *                 place: ENOTSUP.
 *
 * With jemalloc, tcmalloc and mimalloc zmalloc_thread_idle(), called in those threads before, lets
 * it reach all that they keep.
 */
ZMALLOC_API int zmalloc_purge(void) ZMALLOC_SYMBOL(zmalloc_purge);

/*
 * For a thread that is about to wait for long: gives what the allocator keeps for the calling thread
 * alone, its cache of freed blocks and with mimalloc its unused pages, back to the allocator, for
 * other threads and for zmalloc_purge(). Blocks stay as they are, and the thread may go on to
 * allocate at any time; its next calls take a little longer. Returns 0, or -1 with errno ENOTSUP if
 * the allocator cannot: libc and native, as the C library empties the cache of a thread only when
 * the thread ends. Takes the allocator's locks. Ours, after tcmalloc's MarkThreadIdle.
 */
ZMALLOC_API int zmalloc_thread_idle(void) ZMALLOC_SYMBOL(zmalloc_thread_idle);

/*
 * Lets the allocator purge in a thread of its own, or stops it. Returns 0, or -1 with errno ENOTSUP
 * where the allocator has none. Ours, after Redis 7's set_jemalloc_bg_thread.
 */
ZMALLOC_API int zmalloc_set_background_thread(int enable)
    ZMALLOC_SYMBOL(zmalloc_set_background_thread);

/*
 * The usable size that zmalloc(size) would give, without allocating; 0 where the allocator cannot
 * tell it for certain, and for a size at or above SIZE_MAX/2. Ours, after jemalloc's nallocx.
 */
ZMALLOC_API size_t zmalloc_good_size(size_t size) ZMALLOC_SYMBOL(zmalloc_good_size);

/*
 * Has the active allocator describe its state in its own words, for people. write_cb is called with
 * opaque and one piece of text after another; NULL writes to stderr. It may allocate, runs with
 * cancellation disabled, and must return: no longjmp, no exception. Returns 0, or -1 with errno
 * ENOTSUP if the allocator has no such report, ENOMEM if there is no memory for it: nothing was
 * written then. Ours, after jemalloc's malloc_stats_print.
 */
ZMALLOC_API int zmalloc_stats_print(void (*write_cb)(void *opaque, const char *text), void *opaque)
    ZMALLOC_SYMBOL(zmalloc_stats_print);

/*
 * Reads and sets a control of the active allocator by its own name for it, as jemalloc's mallctl
 * does: *oldlenp bytes of the value go to oldp (both may be NULL), then newlen bytes at newp become
 * the value (NULL and 0: it stays). With jemalloc the names and types are those of mallctl, with
 * tcmalloc the numeric properties of MallocExtension, each a size_t. Returns 0, or -1 with errno
 *   ENOTSUP  the allocator has no controls,
 *   ENOENT   it has none of that name,
 *   EINVAL   the sizes are not those of the value,
 *   EPERM    it cannot be read, or not be set,
 *   or what else mallctl fails with.
 * Some controls end what the library relies on (jemalloc's arenas that are reset or destroyed with
 * blocks in them): those are the caller's to leave alone. Ours, after jemalloc's mallctl.
 */
ZMALLOC_API int zmalloc_backend_ctl(const char *name, void *oldp, size_t *oldlenp, const void *newp,
                                    size_t newlen) ZMALLOC_SYMBOL(zmalloc_backend_ctl)
    ZMALLOC_ATTRIBUTE(nonnull(1));

/* ---- Statistics ------------------------------------------------------------------------------
 *
 * All that is known, in one picture for all backends: which backend it is and how it was chosen,
 * used memory, its peak, threads, what the allocator and the system say, and two ratios of them.
 * docs/stats.schema.json defines each figure. Used memory, peak and threads belong to one moment;
 * the rest is read right after.
 *
 * Each function writes to buf what fits in size bytes, the final 0 included, and returns the length
 * of the whole without the 0: it was cut off if that is size or more. With size 0 buf may be NULL.
 * The next report may be some bytes longer, as numbers grow; 8 KiB are enough for any of them,
 * unless a module's path is of unusual length.
 *
 * They choose a backend if none is. They never allocate, keep errno, and take locks as
 * zmalloc_used_memory() and zmalloc_get_allocator_info() do; reading from the system takes some
 * microseconds, and more the more mappings the process has.
 *
 * With ZMALLOC_STATS set in the environment each process writes such a report when it ends by
 * exit(): docs/environment.md.
 */

/* As JSON in one line, without a newline at its end; valid UTF-8, and null for what nobody knows.
 * Ours. */
ZMALLOC_API int zmalloc_stats_json(char *buf, size_t size) ZMALLOC_SYMBOL(zmalloc_stats_json);

/* For people, in several lines, which may change with any release. Ours. */
ZMALLOC_API int zmalloc_stats_text(char *buf, size_t size) ZMALLOC_SYMBOL(zmalloc_stats_text);

/* In the text exposition format of Prometheus; what nobody knows is left out. Ours. */
ZMALLOC_API int zmalloc_stats_prometheus(char *buf, size_t size)
    ZMALLOC_SYMBOL(zmalloc_stats_prometheus);

/* ---- The process -----------------------------------------------------------------------------
 *
 * These read the system's own figures, none needs memory. 0 means unknown.
 */

/* Resident set size of this process. Where the system has none, what zmalloc_used_memory() says.
 * Redis 7. */
ZMALLOC_API size_t zmalloc_get_rss(void) ZMALLOC_SYMBOL(zmalloc_get_rss);

/*
 * *value becomes the number in a field of /proc/self/stat, counted from 1 as proc(5) does, or
 * LLONG_MAX for one that is larger. Returns
 * 0, or -1 with errno ENOENT where there is none: no such field, not a number, not Linux. Ours,
 * after Redis 7's get_proc_stat_ll.
 */
ZMALLOC_API int zmalloc_get_proc_stat(int field, long long *value)
    ZMALLOC_SYMBOL(zmalloc_get_proc_stat) ZMALLOC_ATTRIBUTE(nonnull(2));

/* Pages that only the process pid (-1: this one) has and has written. Redis 7. */
ZMALLOC_API size_t zmalloc_get_private_dirty(long pid) ZMALLOC_SYMBOL(zmalloc_get_private_dirty);

/*
 * The sum of a field of /proc/PID/smaps over all mappings, say "Rss:" or "AnonHugePages:"; pid -1
 * is this process. Linux only. Redis 7.
 */
ZMALLOC_API size_t zmalloc_get_smap_bytes_by_field(const char *field, long pid)
    ZMALLOC_SYMBOL(zmalloc_get_smap_bytes_by_field) ZMALLOC_ATTRIBUTE(nonnull(1));

/* Physical memory of the machine; SIZE_MAX where it is more than that. Redis 7. */
ZMALLOC_API size_t zmalloc_get_memory_size(void) ZMALLOC_SYMBOL(zmalloc_get_memory_size);

/*
 * The most that this process may have: the smallest of the machine's memory and the limits of its
 * control group and of all groups above that, in version 1 and 2 of control groups, as far as they
 * can be seen. 0 if nothing is known. Takes as long as reading a few files. Ours.
 */
ZMALLOC_API size_t zmalloc_get_memory_limit(void) ZMALLOC_SYMBOL(zmalloc_get_memory_limit);

/*
 * The smallest memory.high of the same groups, which only version 2 has: beyond that the process
 * gets more memory, but the system slows it down and takes memory back from it. 0 if no group has
 * such a limit. Takes as long as the call before. Ours.
 */
ZMALLOC_API size_t zmalloc_get_memory_high(void) ZMALLOC_SYMBOL(zmalloc_get_memory_high);

/* rss / zmalloc_used_memory(), as a ratio; 0 while nothing is in use. Redis. */
ZMALLOC_API float zmalloc_get_fragmentation_ratio(size_t rss)
    ZMALLOC_SYMBOL(zmalloc_get_fragmentation_ratio);

/* free() of the C library, for blocks that came from it (getline, backtrace_symbols). Redis 7. */
ZMALLOC_API void zlibc_free(void *ptr) ZMALLOC_SYMBOL(zlibc_free);

/* malloc_trim(0) of the C library where it has one. Valkey. */
ZMALLOC_API void zlibc_trim(void) ZMALLOC_SYMBOL(zlibc_trim);

/*
 * Lets the system take back the whole pages inside the block, whose contents are undefined from
 * then on; the block stays allocated. For a forked child that will not look at it again. Blocks
 * smaller than a page and NULL are left alone. Redis 7.
 */
ZMALLOC_API void zmadvise_dontneed(void *ptr) ZMALLOC_SYMBOL(zmadvise_dontneed);

/*
 * The same for the whole pages of a part of a block: size bytes from ptr on. NULL and size 0 are
 * left alone. Valkey 9.1.
 */
ZMALLOC_API void zmadvise_dontneed_range(void *ptr, size_t size)
    ZMALLOC_SYMBOL(zmadvise_dontneed_range);

/* Does nothing: accounting is always thread-safe. For old callers. Redis before 4. */
ZMALLOC_API void zmalloc_enable_thread_safeness(void)
    ZMALLOC_SYMBOL(zmalloc_enable_thread_safeness);

#ifdef __cplusplus
}
#endif

#endif
