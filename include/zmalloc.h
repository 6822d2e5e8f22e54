/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZMALLOC_H
#define ZMALLOC_H

/*
 * zmalloc: accounted allocation over an allocator chosen at run time.
 *
 * Unless its comment says otherwise, this is true of every function here:
 *
 * - Sizes are in bytes.
 * - Any thread may call it at any time: before main, in thread-exit destructors, after exit() has
 *   begun. One thread may free a block that another allocated. (One exception: a thread whose very
 *   first call comes in the fourth and last round of its key destructors may make at most 63 calls
 *   there if jemalloc is active.)
 * - After fork() the child may call it, whatever the other threads of the parent were doing. For
 *   handlers of pthread_atfork see zmalloc_init().
 * - It is not a cancellation point: pthread_cancel() never takes effect in it, so no descriptor
 *   stays open and no lock stays held. A handler of zmalloc_set_oom_handler() belongs to the
 *   program: the thread can be cancelled in it.
 * - It needs at most 8 KiB of stack, so it runs in a thread with glibc's PTHREAD_STACK_MIN, 16 KiB.
 *   (This does not include what the dynamic linker and a module's own code need when a backend is
 *   chosen, nor what an allocator needs that is not one of our backends. If the library was built with
 *   -Djemalloc_tls=late it is 11 KiB.)
 * - It is not async-signal-safe: like malloc, do not call it from a signal handler that may have
 *   interrupted an allocation. zmalloc_used_memory(), zmalloc_peak_memory(), zmalloc_reset_peak(), the
 *   sections of the peak, the functions of the limits and zmalloc_stats_in_handler() are, once a
 *   backend is active.
 * - Blocks come from the active backend and go back only through this header. Never pass them to
 *   free() or to an allocator's own functions, and never pass blocks from those to this library.
 *
 * "Redis 7", "ISO C" and "ours" at the end of a comment say where a behaviour comes from.
 */

#include <stddef.h>

#if defined(__GNUC__) || defined(__clang__)
#define ZMALLOC_ATTRIBUTE(...) __attribute__((__VA_ARGS__))
#else
#define ZMALLOC_ATTRIBUTE(...)
#endif

/*
 * Define ZMALLOC_STATIC when you link with the archive, libzmalloc.a. Then nothing of that copy is
 * visible outside the program or library it is in, not even what C++ instantiates from zmalloc.hpp.
 */
#ifdef ZMALLOC_STATIC
#define ZMALLOC_API ZMALLOC_ATTRIBUTE(visibility("hidden"))
#else
#define ZMALLOC_API ZMALLOC_ATTRIBUTE(visibility("default"))
#endif

/*
 * The symbol of each function is its name with zml_ in front: zmalloc() is the symbol zml_zmalloc.
 * Redis, Valkey and their forks have functions of the same names, and the dynamic linker would take
 * the first one it finds; static zlib has a zcalloc. If you look a function up yourself, with
 * dlsym() or from another language, ask for the symbol.
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
 * Size 0 counts as sizeof(long): you get a unique block, to be freed like any other.
 * A size of SIZE_MAX/2 or more fails without asking the allocator.
 * A block of 16 bytes or more is aligned to 16; a smaller one, for any type that fits in it. (If
 * the machine's own malloc aligns to 8, as on 32-bit ARM, so do the backends over it.)
 * "Zeroed" means all of the usable size.
 *
 * Every family has two forms. If there is no memory, zX calls the out-of-memory handler, and
 * returns NULL if the handler returns; ztryX returns NULL at once. Both set errno to ENOMEM.
 *
 * The attribute alloc_size tells the compiler that a block ends where the request ended. To use the
 * bytes beyond, up to zmalloc_usable_size(), take the pointer from a function of the usable family
 * or from extend_to_usable(); then _FORTIFY_SOURCE agrees.
 */

/*
 * Frees the block. Ignores NULL and keeps errno. Redis 7; errno as in POSIX 2024.
 * The libc backend knows its blocks: if the pointer is not one of them, or was freed before, it
 * prints one line that names the pointer and aborts, provided that the bytes before it can be read.
 * With the other backends the behaviour is undefined.
 */
ZMALLOC_API void zfree(void *ptr) ZMALLOC_SYMBOL(zfree);

/* The same, and *usable becomes the usable size of what was freed (0 for NULL). usable may be NULL.
 * Redis 7. */
ZMALLOC_API void zfree_usable(void *ptr, size_t *usable) ZMALLOC_SYMBOL(zfree_usable);

/*
 * zfree for a caller that knows the size: what it asked for, the usable size, or anything between.
 * It may save the allocator a look-up. With any other size the behaviour is undefined. Valkey.
 */
ZMALLOC_API void zfree_with_size(void *ptr, size_t size) ZMALLOC_SYMBOL(zfree_with_size);

/* zfree past the thread's cache, for blocks that were moved: see zmalloc_no_tcache(). Redis 7. */
ZMALLOC_API void zfree_no_tcache(void *ptr) ZMALLOC_SYMBOL(zfree_no_tcache);

/*
 * Blocks that these functions free. With this, gcc 11 and later warn if a block of ours goes to
 * free() or delete. The reallocating functions are left out: if they fail, the block may still be
 * there.
 */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define ZMALLOC_FREED                                                                              \
    ZMALLOC_ATTRIBUTE(malloc(zfree, 1), malloc(zfree_usable, 1), malloc(zfree_with_size, 1),       \
                      malloc(zfree_no_tcache, 1))
#else
#define ZMALLOC_FREED
#endif

/* A new block that nothing else points to; and one that may be an old block, moved or not. */
#define ZMALLOC_NEW ZMALLOC_ATTRIBUTE(malloc, warn_unused_result) ZMALLOC_FREED
#define ZMALLOC_RESIZED ZMALLOC_ATTRIBUTE(warn_unused_result) ZMALLOC_FREED

/* A block of size bytes, contents undefined. Redis 7. */
ZMALLOC_API void *zmalloc(size_t size) ZMALLOC_SYMBOL(zmalloc) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));

/* A zeroed block of size bytes. Redis 7. */
ZMALLOC_API void *zcalloc(size_t size) ZMALLOC_SYMBOL(zcalloc) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));

/*
 * A zeroed array of num elements of size bytes. If the product overflows, the out-of-memory handler
 * gets SIZE_MAX. (0, n) and (n, 0) are size 0. Redis 7, except that (n, 0) fails there;
 * ztrycalloc_num is ours.
 */
ZMALLOC_API void *zcalloc_num(size_t num, size_t size) ZMALLOC_SYMBOL(zcalloc_num) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1, 2));
ZMALLOC_API void *ztrycalloc_num(size_t num, size_t size) ZMALLOC_SYMBOL(ztrycalloc_num) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1, 2));

/*
 * Makes the block size bytes long and moves it if necessary; the contents stay, up to the smaller
 * size. zrealloc(NULL, size) is zmalloc(size). zrealloc(ptr, 0) frees ptr and returns NULL; it does
 * not call the handler or set errno. A size of SIZE_MAX/2 or more also frees ptr, and then fails
 * (Redis's rule). If the allocator has no memory, the block stays as it was. A block from
 * zmalloc_aligned keeps its contents but not its alignment. Redis 7.
 */
ZMALLOC_API void *zrealloc(void *ptr, size_t size) ZMALLOC_SYMBOL(zrealloc) ZMALLOC_RESIZED
    ZMALLOC_ATTRIBUTE(alloc_size(2));

/*
 * The same three, but they return NULL and set errno instead of calling the handler. Redis 7.
 *
 * Do not pass ztryrealloc to a library that wants a realloc(). When a realloc() fails the block is
 * still there, and the library frees it; ztryrealloc has already freed it if the size is SIZE_MAX/2
 * or more, for example because it was computed from a negative number. Pass a function that calls
 * ztryreallocarray(ptr, 1, size) instead, or one of zmalloc_adapters.h.
 */
ZMALLOC_API void *ztrymalloc(size_t size) ZMALLOC_SYMBOL(ztrymalloc) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));
ZMALLOC_API void *ztrycalloc(size_t size) ZMALLOC_SYMBOL(ztrycalloc) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));
ZMALLOC_API void *ztryrealloc(void *ptr, size_t size) ZMALLOC_SYMBOL(ztryrealloc) ZMALLOC_RESIZED
    ZMALLOC_ATTRIBUTE(alloc_size(2));

/*
 * Like zrealloc to num * size bytes, with one difference: any failure leaves ptr alone, also if the
 * product overflows or the size is too large. If the product overflows, the handler gets SIZE_MAX.
 * Ours, after OpenBSD's reallocarray.
 */
ZMALLOC_API void *zreallocarray(void *ptr, size_t num, size_t size)
    ZMALLOC_SYMBOL(zreallocarray) ZMALLOC_RESIZED ZMALLOC_ATTRIBUTE(alloc_size(2, 3));
ZMALLOC_API void *ztryreallocarray(void *ptr, size_t num, size_t size)
    ZMALLOC_SYMBOL(ztryreallocarray) ZMALLOC_RESIZED ZMALLOC_ATTRIBUTE(alloc_size(2, 3));

/*
 * Like the functions without _usable. *usable becomes the number of bytes of the block that may be
 * used, at least what was asked for; 0 if they return NULL. usable may be NULL. Redis 7.
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
 * A block of size bytes whose address is a multiple of alignment, which must be a power of two.
 * Otherwise both return NULL with errno EINVAL, and the handler is not called. Ours, after ISO C.
 */
ZMALLOC_API void *zmalloc_aligned(size_t alignment, size_t size)
    ZMALLOC_SYMBOL(zmalloc_aligned) ZMALLOC_NEW ZMALLOC_ATTRIBUTE(alloc_size(2), alloc_align(1));
ZMALLOC_API void *ztrymalloc_aligned(size_t alignment, size_t size)
    ZMALLOC_SYMBOL(ztrymalloc_aligned) ZMALLOC_NEW ZMALLOC_ATTRIBUTE(alloc_size(2), alloc_align(1));

/* zmalloc_aligned and ztrymalloc_aligned to the cache line of the machine that the library was
 * built for. Valkey 9.1, and ours. */
ZMALLOC_API void *zmalloc_cache_aligned(size_t size)
    ZMALLOC_SYMBOL(zmalloc_cache_aligned) ZMALLOC_NEW ZMALLOC_ATTRIBUTE(alloc_size(1));
ZMALLOC_API void *ztrymalloc_cache_aligned(size_t size)
    ZMALLOC_SYMBOL(ztrymalloc_cache_aligned) ZMALLOC_NEW ZMALLOC_ATTRIBUTE(alloc_size(1));

/* A copy of the string in a new block. Redis 7, and ours. */
ZMALLOC_API char *zstrdup(const char *string) ZMALLOC_SYMBOL(zstrdup) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(nonnull(1));
ZMALLOC_API char *ztrystrdup(const char *string) ZMALLOC_SYMBOL(ztrystrdup) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(nonnull(1));

/*
 * What the block adds to zmalloc_used_memory(): its usable size and the backend's prefix. 0 for
 * NULL. Redis 7.
 */
ZMALLOC_API size_t zmalloc_size(const void *ptr) ZMALLOC_SYMBOL(zmalloc_size);

/* How many bytes of the block may be used, at least what was asked for. 0 for NULL. Redis 7. */
ZMALLOC_API size_t zmalloc_usable_size(const void *ptr) ZMALLOC_SYMBOL(zmalloc_usable_size);

/*
 * Returns ptr, and tells the compiler that size bytes follow it: for use with
 * zmalloc_usable_size(). Redis 7.
 */
ZMALLOC_API void *extend_to_usable(void *ptr, size_t size) ZMALLOC_SYMBOL(extend_to_usable)
    ZMALLOC_ATTRIBUTE(warn_unused_result, alloc_size(2), noinline);

/*
 * Sets what the zX functions call if there is no memory, with the size that was asked for. NULL
 * restores the default, which prints "zmalloc: Out of memory trying to allocate N bytes" (and
 * "aligned to N", for a block from zmalloc_aligned()) and aborts.
 *
 * A handler may return, exit, longjmp, throw a C++ exception, or call this library. It runs in the
 * thread that asked, with none of the library's locks held. If the handler itself runs out of
 * memory in a zX function, it is not called again: the process ends with the line of the default
 * handler. So use the ztryX functions in a handler.
 *
 * A handler that was left by longjmp or an exception counts as finished. The library sees that from
 * the stack, with the compiler's unwinder (libgcc_s), which this function opens: that takes the
 * dynamic linker's lock and may allocate with malloc. Without an unwinder, or on the stack of a
 * coroutine, whose end the unwinder does not see, a handler may be called up to 16 times within
 * itself. Keeps errno. Redis 7; what happens to a handler that runs out of memory is ours.
 */
ZMALLOC_API void zmalloc_set_oom_handler(void (*handler)(size_t size))
    ZMALLOC_SYMBOL(zmalloc_set_oom_handler);

/* ---- Accounting ------------------------------------------------------------------------------ */

/*
 * The sum of zmalloc_size() over all live blocks. It is exact while no other thread allocates.
 * Otherwise it is at least what was in use at one moment of the call, and above that by at most
 * what was freed during the call; it never wraps below zero. Takes no lock and is async-signal-safe.
 * It takes time in proportion to the threads that there have been at the same time. Redis 7.
 */
ZMALLOC_API size_t zmalloc_used_memory(void) ZMALLOC_SYMBOL(zmalloc_used_memory);

/*
 * The largest sum seen since the start or the last reset: at most 1 MiB for each thread below the
 * truth. The library looks whenever this or zmalloc_used_memory() is called, and in each thread at
 * least once for every MiB that it allocates. Never below what zmalloc_used_memory() has returned
 * since then. Async-signal-safe. Ours.
 */
ZMALLOC_API size_t zmalloc_peak_memory(void) ZMALLOC_SYMBOL(zmalloc_peak_memory);

/* Sets the peak to what is in use now. Ours. */
ZMALLOC_API void zmalloc_reset_peak(void) ZMALLOC_SYMBOL(zmalloc_reset_peak);

/*
 * A peak of its own, from one moment to another: begin returns the number of a section, or -1 with
 * errno EAGAIN if there are 64 of them already. end closes it and returns the most that was in use in
 * the process between the two, with the precision of zmalloc_peak_memory(); 0 with errno EINVAL for
 * what is no open section. Sections may overlap, contain each other, and end in another thread.
 * Both are async-signal-safe. Ours.
 */
ZMALLOC_API int zmalloc_peak_begin(void) ZMALLOC_SYMBOL(zmalloc_peak_begin);
/*
 * A section of what the calling thread itself has: what it allocates from now on, minus what it frees,
 * no matter who allocated that; at most 64 KiB below the truth. There are 64 of these, too. End it in
 * the same thread: elsewhere, end returns what the thread has seen so far. -1 with errno EAGAIN also
 * before a backend is active, and in destructors of the thread. Not async-signal-safe. Ours.
 */
ZMALLOC_API int zmalloc_peak_begin_thread(void) ZMALLOC_SYMBOL(zmalloc_peak_begin_thread);
ZMALLOC_API size_t zmalloc_peak_end(int section) ZMALLOC_SYMBOL(zmalloc_peak_end);

/* ---- Limits ----------------------------------------------------------------------------------
 *
 * docs/limits.md has an example. ZMALLOC_LIMIT sets both limits from outside (docs/environment.md).
 * All of these are ours, and async-signal-safe except zmalloc_pressure_fd().
 */

/*
 * The hard limit. A request that would take what is in use beyond it fails as if there were no memory:
 * ztryX returns NULL with errno ENOMEM, zX calls the out-of-memory handler, and a block that cannot
 * grow stays. Freeing makes room at once. Threads that run into the limit together exceed it by
 * at most 64 KiB each, and no request fails while it fits. SIZE_MAX, the default, is no limit. A limit
 * below what is in use is allowed: nothing more is given until it fits. Returns 0, or -1 with errno
 * EINVAL for 0 and for SIZE_MAX/2 and more.
 */
ZMALLOC_API int zmalloc_set_limit(size_t bytes) ZMALLOC_SYMBOL(zmalloc_set_limit);
ZMALLOC_API size_t zmalloc_get_limit(void) ZMALLOC_SYMBOL(zmalloc_get_limit);

/*
 * The soft limit. While more than that is in use there is pressure; nothing fails. Whether it is
 * exceeded is looked at whenever a thread has allocated 64 KiB, and when zmalloc_used_memory() or
 * zmalloc_pressure() is called. Values and errors as for the hard limit.
 */
ZMALLOC_API int zmalloc_set_soft_limit(size_t bytes) ZMALLOC_SYMBOL(zmalloc_set_soft_limit);
ZMALLOC_API size_t zmalloc_get_soft_limit(void) ZMALLOC_SYMBOL(zmalloc_get_soft_limit);

/*
 * What the limits are compared with: 0, the default, is zmalloc_used_memory() plus
 * zmalloc_external(); 1 is the resident set of the process (zmalloc_get_rss()), read whenever an
 * estimate leaves no room. What an allocator keeps after it was freed is resident, too: before a request
 * is refused, the library does what zmalloc_purge() does, if anything was freed since the last time.
 */
ZMALLOC_API void zmalloc_limit_rss(int enable) ZMALLOC_SYMBOL(zmalloc_limit_rss);

/* 1 while there is pressure, otherwise 0. Without pressure this only reads a variable. */
ZMALLOC_API int zmalloc_pressure(void) ZMALLOC_SYMBOL(zmalloc_pressure);

/*
 * A file descriptor that is readable while there is pressure, for poll() and its kin; the same one at
 * each call. Do not read from it and do not close it. Freeing looks at nothing: call
 * zmalloc_pressure() after having freed, and the descriptor is up to date. A forked child gets a
 * descriptor of its own when it asks. Returns -1 with errno EMFILE, ENFILE or ENOMEM if there can be
 * none.
 */
ZMALLOC_API int zmalloc_pressure_fd(void) ZMALLOC_SYMBOL(zmalloc_pressure_fd);

/*
 * Adds to the bytes that the program has from elsewhere, from mmap() say, or takes away from them.
 * They are a figure of their own in the statistics, and the limits compare them too. Returns how many
 * there are now. A change that would make them negative, or too many, is left out, with errno EINVAL.
 */
ZMALLOC_API size_t zmalloc_external(ptrdiff_t change) ZMALLOC_SYMBOL(zmalloc_external);

/* ---- Choice of the backend -------------------------------------------------------------------
 *
 * The environment variable ZMALLOC_BACKEND decides, unless the program runs set-user-ID; then what
 * the program passes to zmalloc_init(); then the build's option default_backend. Each is a name or
 * a comma-separated list, tried in order: "mimalloc,jemalloc,libc". A name may have layers in
 * front, "fail+jemalloc"; a layer whose variable is set is added without being named.
 * docs/environment.md has all of it.
 */

/*
 * Chooses the first backend of the list that can start; NULL or "" chooses the default. Returns 0
 * if a backend of the list is active now or was before (with NULL or "", any backend; layers that
 * the list does not name make no difference). Otherwise it returns -1, and errno is
 *   ENOENT   no name is known, and nothing else is wrong with any of them,
 *   ENOTSUP  a backend is known but not in this build, or its module is not installed,
 *   EBUSY    another backend is already active: by the operator's variable, by an earlier call, or
 *            because memory was allocated before,
 *   EINVAL   the variable of a layer has invalid options,
 *   or the error of the last backend that failed to start: ENOEXEC if its module cannot be used.
 * It never ends the program and prints nothing. The library reads the environment when it is
 * loaded, and again only here. A program that sets one of the library's variables itself calls this
 * afterwards, and no other thread may change the environment during the call.
 *
 * Call it before other threads start; before you install a filter of system calls (seccomp),
 * because it makes the library's table read-only; and before you register handlers of
 * pthread_atfork that allocate, or take a lock under which others allocate. An allocator may
 * register its own handlers when it is chosen, and fork runs its prepare handlers in reverse order.
 * If the library itself is opened late, by dlopen(), handlers registered before that must do
 * neither, whatever the backend. Ours.
 */
ZMALLOC_API int zmalloc_init(const char *spec) ZMALLOC_SYMBOL(zmalloc_init);

/* The name of the active backend, for example "jemalloc", or with layers "fail+jemalloc". Chooses a
 * backend if none is active. Ours. */
ZMALLOC_API const char *zmalloc_backend_name(void) ZMALLOC_SYMBOL(zmalloc_backend_name);

/*
 * Its version, for example "5.3.0". For libc and native, if malloc is not the C library's own
 * (LD_PRELOAD, a sanitizer), it also says whose it is: "2.36, malloc of libfoo.so". Ours.
 */
ZMALLOC_API const char *zmalloc_backend_version(void) ZMALLOC_SYMBOL(zmalloc_backend_version);

/*
 * Where it comes from: "built in", "registered by the program", or the path of its module as the
 * dynamic linker found it. The text lives as long as the process. Ours.
 */
ZMALLOC_API const char *zmalloc_backend_origin(void) ZMALLOC_SYMBOL(zmalloc_backend_origin);

/* Bytes that the backend needs for each block and counts with it: zmalloc_size() minus
 * zmalloc_usable_size(). 16 for libc, 0 for our other backends. Ours. */
ZMALLOC_API size_t zmalloc_backend_prefix_size(void) ZMALLOC_SYMBOL(zmalloc_backend_prefix_size);

/* Name and version, for example "jemalloc-5.3.0". Redis 7 has the macro. */
ZMALLOC_API const char *zmalloc_lib(void) ZMALLOC_SYMBOL(zmalloc_lib);
#define ZMALLOC_LIB (zmalloc_lib())

enum zmalloc_backend_state {
    ZMALLOC_BACKEND_BUILT_IN,  /* part of the library, or registered by the program */
    ZMALLOC_BACKEND_LOADABLE,  /* its module is there, or is loaded */
    ZMALLOC_BACKEND_NOT_BUILT, /* known, but not in this build */
    ZMALLOC_BACKEND_BROKEN     /* not installed, or it failed to load or to start */
};

/*
 * Set struct_size to sizeof(struct zmalloc_backend_info) before each call. A program compiled with
 * the header of another version then gets the members it knows; members that the library does not
 * know are 0.
 */
struct zmalloc_backend_info {
    size_t struct_size;
    const char *name;
    enum zmalloc_backend_state state;
    const char *why; /* why it is not built or is broken, else ""; changes when it is tried */
};

/*
 * Describes the known backend number index, from 0 on, in the order of the registry. Returns 0; or
 * -1 with errno ENOENT past the last one, or EINVAL if struct_size cannot be right, and then writes
 * nothing. Loads nothing, so "loadable" is not a promise. The texts live as long as the process.
 * Ours.
 */
ZMALLOC_API int zmalloc_get_backend_info(size_t index, struct zmalloc_backend_info *info)
    ZMALLOC_SYMBOL(zmalloc_get_backend_info) ZMALLOC_ATTRIBUTE(nonnull(2));

/* ---- What the allocator says and does -------------------------------------------------------- */

/*
 * The active allocator's own figures, each in bytes, 0 if unknown: allocated by the program, active
 * (pages that hold blocks), resident (pages that may be physically there), retained (address space
 * given back, but kept for later), muzzy (given back lazily). Any pointer may be NULL. Returns 1 if
 * any figure is known, otherwise 0. May take the allocator's locks. Redis 7 and Valkey.
 *
 * If an allocator gets a figure wrong, we report it as unknown. By backend:
 *
 *   jemalloc      all five. allocated is zmalloc_used_memory() without what the thread caches hold;
 *                 resident includes what jemalloc needs for itself.
 *   tcmalloc      all but muzzy, in the same sense. While other threads allocate, allocated may be
 *                 off by what they allocate during the call, or unknown.
 *   mimalloc      no figure: its count of committed memory drifts.
 *   libc, native  no figure: the C library counts for the whole process, including its own headers
 *                 and the thread caches, and keeps counting what it has given back.
 *
 * Pages that were never touched count as active and as resident. An active or resident figure above
 * zmalloc_get_memory_size() is unknown.
 */
ZMALLOC_API int zmalloc_get_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                           size_t *retained, size_t *muzzy)
    ZMALLOC_SYMBOL(zmalloc_get_allocator_info);

/*
 * Returns unused memory of the active allocator to the system. Returns 0; or 1 if it did what it
 * can but the process may have other threads, which may keep much that it cannot reach; or -1 with
 * errno ENOTSUP if the allocator cannot do it. May take long. Ours, after Redis 7's jemalloc_purge.
 *
 * What it does not reach, by backend:
 *
 *   jemalloc      blocks in thread caches and the pages they are in, usually a few MiB.
 *   tcmalloc      the same; all caches together hold at most
 *                 tcmalloc.max_total_thread_cache_bytes, 32 MiB.
 *   mimalloc      (returns 1) with mimalloc 2, all pages that another live thread took, even if
 *                 every block in them was freed, and most free pages between used ones; with
 *                 mimalloc 3, the pages in which that thread has freed blocks itself.
 *   libc, native  (return 1) with glibc, the free end of the heap of each thread but the first, and
 *                 blocks in thread caches. With another C library, or another malloc in its place:
 *                 ENOTSUP.
 *
 * With jemalloc, tcmalloc and mimalloc it reaches all of that if those threads call
 * zmalloc_thread_idle() first.
 */
ZMALLOC_API int zmalloc_purge(void) ZMALLOC_SYMBOL(zmalloc_purge);

/*
 * For a thread that is about to wait for a long time. Returns what the allocator keeps for the
 * calling thread alone (its cache of freed blocks and, with mimalloc, its unused pages) to the
 * allocator, for other threads and for zmalloc_purge(). Blocks stay as they are, and the thread may
 * allocate again at any time; its next calls take a little longer. Returns 0, or -1 with errno
 * ENOTSUP if the allocator cannot do it: with libc and native, because the C library empties the
 * cache of a thread only when the thread ends. Takes the allocator's locks. Ours, after tcmalloc's
 * MarkThreadIdle.
 */
ZMALLOC_API int zmalloc_thread_idle(void) ZMALLOC_SYMBOL(zmalloc_thread_idle);

/*
 * Starts or stops a background thread of the allocator that purges. Returns 0, or -1 with errno
 * ENOTSUP if the allocator has none. Ours, after Redis 7's set_jemalloc_bg_thread.
 */
ZMALLOC_API int zmalloc_set_background_thread(int enable)
    ZMALLOC_SYMBOL(zmalloc_set_background_thread);

/*
 * The usable size that zmalloc(size) would give, without allocating; 0 if the allocator does not
 * know for certain, or if the size is SIZE_MAX/2 or more. Ours, after jemalloc's nallocx.
 */
ZMALLOC_API size_t zmalloc_good_size(size_t size) ZMALLOC_SYMBOL(zmalloc_good_size);

/*
 * ---- Moving blocks together (active defragmentation) ----
 *
 * A page goes back to the system only when all blocks in it are free. A program that can change all of
 * its pointers to a block may move blocks out of sparsely used pages, and so empty them:
 *
 *     zmalloc_get_fragmentation(&bytes);            now and then: is it worth the trouble?
 *     if (zmalloc_worth_moving(old) == 1) {
 *         size_t size = zmalloc_usable_size(old);
 *         void *new = zmalloc_no_tcache(size);
 *         memcpy(new, extend_to_usable(old, size), size);       and change the pointers to it
 *         zfree_no_tcache(old);
 *     }
 *
 * Not for blocks in a zone, which are freed with their zone, nor for those with an alignment of their own: a new
 * block has the usual one.
 *
 * After Redis 7's and Valkey's active defragmentation, which needs a modified jemalloc there; ours works
 * with jemalloc 5.3 as it is. Safe in threads and in a forked child, not in a signal handler.
 */

/*
 * zmalloc, ztrymalloc and zfree past the cache that the allocator keeps for the thread. With the cache, a
 * new block would often be one that was just moved away from, in the same page. zfree_no_tcache() takes any
 * block, and zfree() takes these. If the allocator has no such way, and with the layers debug and fail, they are
 * zmalloc, ztrymalloc and zfree. zmalloc_no_tcache and zfree_no_tcache as in Redis 7.
 */
ZMALLOC_API void *zmalloc_no_tcache(size_t size) ZMALLOC_SYMBOL(zmalloc_no_tcache) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));
ZMALLOC_API void *ztrymalloc_no_tcache(size_t size) ZMALLOC_SYMBOL(ztrymalloc_no_tcache) ZMALLOC_NEW
    ZMALLOC_ATTRIBUTE(alloc_size(1));

/*
 * Sets *bytes to the bytes of free blocks that share a page, or a run of pages, with blocks in use; that is the
 * most that moving blocks can give back. Blocks in the caches of threads count as in use. bytes may be NULL. Returns
 * 0, or -1 with errno ENOTSUP, and *bytes 0, if the allocator does not tell: only jemalloc does. Also refreshes
 * what zmalloc_worth_moving() compares with, so call it before a pass over your blocks, and some ten times a
 * second during it. Takes the allocator's locks, and with jemalloc some 10 microseconds. Ours, after Valkey's
 * allocatorDefragGetFragSmallbins.
 */
ZMALLOC_API int zmalloc_get_fragmentation(size_t *bytes) ZMALLOC_SYMBOL(zmalloc_get_fragmentation);

/*
 * Whether moving this block would help to empty the page, or the run of pages, that it is in. Returns
 *    1    with jemalloc: at least two runs for this size were not full when zmalloc_get_fragmentation() was last
 *         called; this one is at most an eighth fuller than their average, or less than an eighth full; and new
 *         blocks come from another one. With mimalloc (2.3, 3.3 and later): each block of the page has been given
 *         out once, at most half of them are in use, and new ones come from another page,
 *    0    otherwise: the block is large, its page is full or well used, or ptr is NULL,
 *   -1    with errno ENOTSUP: the allocator does not tell, or the layer debug or fail is over it.
 * ptr is NULL or a block in use. A block that was moved may be worth moving again later. Ours, after Redis 7's
 * je_get_defrag_hint.
 */
ZMALLOC_API int zmalloc_worth_moving(const void *ptr) ZMALLOC_SYMBOL(zmalloc_worth_moving);

/*
 * The active allocator's own report, for people. write_cb is called with opaque and one piece of
 * text after another; NULL writes to stderr. It may allocate, runs with cancellation disabled, and
 * must return: no longjmp, no exception. Returns 0, or -1 with errno ENOTSUP if the allocator has
 * no such report, or ENOMEM if there is no memory for it; then nothing was written. Ours, after
 * jemalloc's malloc_stats_print.
 */
ZMALLOC_API int zmalloc_stats_print(void (*write_cb)(void *opaque, const char *text), void *opaque)
    ZMALLOC_SYMBOL(zmalloc_stats_print);

/*
 * Reads and sets a control of the active allocator, under the allocator's own name for it, like
 * jemalloc's mallctl: *oldlenp bytes of the value go to oldp (both may be NULL), then newlen bytes
 * at newp become the value (NULL and 0 leave it as it is). With jemalloc, names and types are those
 * of mallctl; with tcmalloc they are the numeric properties of MallocExtension, each a size_t.
 * Returns 0, or -1 with errno
 *   ENOTSUP  the allocator has no controls,
 *   ENOENT   it has no control of that name,
 *   EINVAL   the sizes do not match the value,
 *   EPERM    the control cannot be read, or cannot be set,
 *   or another error of mallctl.
 * Some controls break what the library relies on, such as resetting or destroying a jemalloc arena
 * that has blocks in it. Do not use those. Ours, after jemalloc's mallctl.
 */
ZMALLOC_API int zmalloc_backend_ctl(const char *name, void *oldp, size_t *oldlenp, const void *newp,
                                    size_t newlen) ZMALLOC_SYMBOL(zmalloc_backend_ctl)
    ZMALLOC_ATTRIBUTE(nonnull(1));

/* ---- Statistics ------------------------------------------------------------------------------
 *
 * Everything that is known, in the same form for all backends: the backend and how it was chosen,
 * used memory, its peak, threads, the figures of the allocator and the system, and two ratios of
 * them. docs/stats.schema.json defines each figure. Used memory, peak and threads are from one
 * moment; the rest is read right after.
 *
 * Each function writes what fits into size bytes of buf, the final 0 included, and returns the
 * length of the whole report without the 0, like snprintf: if that is size or more, the report was
 * cut off. With size 0, buf may be NULL. The next report may be a few bytes longer, because numbers
 * grow. 8 KiB are enough for any report without zones, unless the path of a module is unusually long;
 * 200 KiB for 255 zones.
 *
 * They choose a backend if none is active. They never allocate, keep errno, and take the locks that
 * zmalloc_get_allocator_info() takes. Reading from the system takes some
 * microseconds, and longer the more mappings the process has.
 *
 * If ZMALLOC_STATS is set in the environment, each process writes such a report when it ends, and if
 * you like whenever a signal comes: docs/environment.md.
 */

/* As one line of JSON, without a newline at its end: valid UTF-8, and null for unknown values.
 * Ours. */
ZMALLOC_API int zmalloc_stats_json(char *buf, size_t size) ZMALLOC_SYMBOL(zmalloc_stats_json);

/* For people, in several lines that may change with any release. Ours. */
ZMALLOC_API int zmalloc_stats_text(char *buf, size_t size) ZMALLOC_SYMBOL(zmalloc_stats_text);

/* In the text exposition format of Prometheus, without unknown values. Ours. */
ZMALLOC_API int zmalloc_stats_prometheus(char *buf, size_t size)
    ZMALLOC_SYMBOL(zmalloc_stats_prometheus);

/*
 * The same in a signal handler, whatever it has interrupted: in the form "text", "json" or
 * "prometheus". It takes no lock, so the allocator's own figures are unknown. The functions above may
 * be called in a handler only if that has interrupted neither an allocation nor a question to the
 * allocator; if it has interrupted one of them, they leave those figures out as well.
 *
 * Async-signal-safe. Returns -1 with errno EINVAL if there is no such form, and with EAGAIN if no
 * backend is active yet: a handler cannot choose one. Ours.
 */
ZMALLOC_API int zmalloc_stats_in_handler(const char *form, char *buf, size_t size)
    ZMALLOC_SYMBOL(zmalloc_stats_in_handler) ZMALLOC_ATTRIBUTE(nonnull(1));

/* ---- The process -----------------------------------------------------------------------------
 *
 * These read the system's own figures and never allocate. 0 means unknown.
 */

/* Resident set size of this process; zmalloc_used_memory() if the system does not say. Redis 7. */
ZMALLOC_API size_t zmalloc_get_rss(void) ZMALLOC_SYMBOL(zmalloc_get_rss);

/*
 * *value becomes the number in a field of /proc/self/stat, counted from 1 as in proc(5), or
 * LLONG_MAX if the number is larger. Returns 0, or -1 with errno ENOENT if there is no such field,
 * it is not a number, or this is not Linux. Ours, after Redis 7's get_proc_stat_ll.
 */
ZMALLOC_API int zmalloc_get_proc_stat(int field, long long *value)
    ZMALLOC_SYMBOL(zmalloc_get_proc_stat) ZMALLOC_ATTRIBUTE(nonnull(2));

/* Bytes in pages that only the process pid (-1: this one) has and has written. Redis 7. */
ZMALLOC_API size_t zmalloc_get_private_dirty(long pid) ZMALLOC_SYMBOL(zmalloc_get_private_dirty);

/*
 * The sum of a field of /proc/PID/smaps over all mappings, for example "Rss:" or "AnonHugePages:",
 * in bytes; pid -1 is this process. Linux only. Redis 7.
 */
ZMALLOC_API size_t zmalloc_get_smap_bytes_by_field(const char *field, long pid)
    ZMALLOC_SYMBOL(zmalloc_get_smap_bytes_by_field) ZMALLOC_ATTRIBUTE(nonnull(1));

/* Physical memory of the machine; SIZE_MAX if it has more than that. Redis 7. */
ZMALLOC_API size_t zmalloc_get_memory_size(void) ZMALLOC_SYMBOL(zmalloc_get_memory_size);

/*
 * The most memory that this process may have: the smallest of the machine's memory and the limits
 * of its control group and all groups above it, in version 1 and 2 of control groups, as far as
 * they are visible. 0 if unknown. Takes as long as reading a few files. Ours.
 */
ZMALLOC_API size_t zmalloc_get_memory_limit(void) ZMALLOC_SYMBOL(zmalloc_get_memory_limit);

/*
 * The smallest memory.high of the same groups (version 2 only). Above that the process still gets
 * memory, but the system slows it down and reclaims from it. 0 if no group has such a limit. Takes
 * as long as zmalloc_get_memory_limit(). Ours.
 */
ZMALLOC_API size_t zmalloc_get_memory_high(void) ZMALLOC_SYMBOL(zmalloc_get_memory_high);

/* rss / zmalloc_used_memory(); 0 while nothing is in use. Redis. */
ZMALLOC_API float zmalloc_get_fragmentation_ratio(size_t rss)
    ZMALLOC_SYMBOL(zmalloc_get_fragmentation_ratio);

/* free() of the C library, for blocks that came from it (getline, backtrace_symbols). Redis 7. */
ZMALLOC_API void zlibc_free(void *ptr) ZMALLOC_SYMBOL(zlibc_free);

/* malloc_trim(0) of the C library, if it has one. Valkey. */
ZMALLOC_API void zlibc_trim(void) ZMALLOC_SYMBOL(zlibc_trim);

/*
 * Lets the system reclaim the whole pages inside the block. Their contents are undefined from then
 * on; the block stays allocated. For a forked child that will not look at it again. Leaves NULL and
 * blocks smaller than a page alone. Redis 7.
 */
ZMALLOC_API void zmadvise_dontneed(void *ptr) ZMALLOC_SYMBOL(zmadvise_dontneed);

/*
 * The same for the whole pages in a part of a block: size bytes from ptr on. Leaves NULL and size 0
 * alone. Valkey 9.1.
 */
ZMALLOC_API void zmadvise_dontneed_range(void *ptr, size_t size)
    ZMALLOC_SYMBOL(zmadvise_dontneed_range);

/* Does nothing: accounting is always thread-safe. For old callers, Redis before 4. */
ZMALLOC_API void zmalloc_enable_thread_safeness(void)
    ZMALLOC_SYMBOL(zmalloc_enable_thread_safeness);

#ifdef __cplusplus
}
#endif

#endif
