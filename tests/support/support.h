/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_H
#define SUPPORT_H

/*
 * What the tests share. A test program runs once per backend, with ZMALLOC_BACKEND set by Meson,
 * and expects the same of each. What may die or hang runs in a child under a watchdog.
 */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "zmalloc.h"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER 1
#else
#define UNDER_ADDRESS_SANITIZER 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER 1
#else
#define UNDER_THREAD_SANITIZER 0
#endif
#define UNDER_SANITIZER (UNDER_ADDRESS_SANITIZER || UNDER_THREAD_SANITIZER)

/* scripts/coverage.sh defines it: gcc's runtime needs memory to write what it has counted, and faults
 * without. */
#ifndef UNDER_COVERAGE
#define UNDER_COVERAGE 0
#endif

/* Valgrind: threads take turns, and malloc is not the C library's. */
bool under_valgrind(void);

/* The build is for another machine, and programs run here under an emulator, whose /proc, limits and
 * ways to start programs are not those of a kernel. The reason goes on "an emulator ...". */
bool under_emulator(void);
void skip_under_emulator(const char *why);

/* A test after which nothing may be in use any more: used memory is exactly 0. */
#define zm_test(function) cmocka_unit_test_teardown(function, teardown_nothing_used)
int teardown_nothing_used(void **state);

/* The version of the C library as the backends over its malloc tell it. */
const char *c_library_version(void);

/* glibc's malloc fills all that it gives and takes where MALLOC_PERTURB_ is set, as Meson sets it: with
 * gigabytes in large blocks a busy machine is at it for minutes. From here on it does not. */
void leave_blocks_untouched(void);

/* How often to do what a long test does so often by itself: that times ZMALLOC_TEST_SCALE, which may
 * be a fraction, and at least once. */
size_t scaled(size_t times);

/* The name the environment asks for: what ZMALLOC_BACKEND says, "libc" if unset. */
const char *backend_under_test(void);
/* The name of the active one without the layers over it. */
const char *name_without_layers(void);

/* cmocka's assert_in_range(), which cmocka 2 wants to be called otherwise; of numbers of any type. */
#define assert_between(value, least, most)                                                         \
    do {                                                                                           \
        uintmax_t checked_value = (uintmax_t)(value);                                              \
        uintmax_t checked_least = (uintmax_t)(least);                                              \
        uintmax_t checked_most = (uintmax_t)(most);                                                \
                                                                                                   \
        if (checked_value < checked_least || checked_value > checked_most)                         \
            fail_msg("%s is %ju, not %ju to %ju", #value, checked_value, checked_least,            \
                     checked_most);                                                                \
    } while (0)

/* The smallest that the library is made for: musl's is 2 KiB. */
static inline size_t smallest_stack(void)
{
    size_t least = (size_t)16 << 10;
    long systems = sysconf(_SC_THREAD_STACK_MIN);

    return systems > (long)least ? (size_t)systems : least;
}

/* ---- Children ---- */

#define OUTPUT_SIZE 16384

struct outcome {
    bool timed_out; /* the watchdog killed it */
    int status;     /* as waitpid gives it */
    char out[OUTPUT_SIZE];
    char err[OUTPUT_SIZE];
};

/* Seconds after which a child is killed; ZMALLOC_TEST_SCALE can make them more. */
#define WATCHDOG_SECONDS 120

/* Runs body in a forked child, which then exits with status 0. */
struct outcome run_child(void (*body)(void *argument), void *argument);

/*
 * Runs a program. environment lists "NAME=value" to set and "NAME" to remove, NULL-terminated, over
 * what this process has; it may be NULL.
 */
struct outcome run_program(const char *const *arguments, const char *const *environment);

/* Becomes that program, as run_program() starts it; returns only where that fails, with errno. */
void exec_program(const char *const *arguments);

/* Whether the first thread of a forked child may end before others that join it: with musl 1.2.3
 * they wait for ever. */
bool first_thread_of_child_may_end(void);

/* Each shows what the child printed where it fails. */
void assert_exited_with(const struct outcome *outcome, int status);
void assert_killed_by(const struct outcome *outcome, int signal);
/* That it wrote to stderr exactly this: with its newlines. */
void assert_err_is(const struct outcome *outcome, const char *text);
/* That it wrote exactly one line to stderr, which contains text. */
void assert_err_is_line_with(const struct outcome *outcome, const char *text);

/* The path of a program that was built into the folder of this one, or of what lies there. */
const char *path_beside(const char *name);

/* For children and threads, where cmocka's assertions do not work: ends the process with status 1
 * and tells which condition did not hold. */
#define child_check(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            child_fail(#condition, __FILE__, __LINE__);                                            \
    } while (0)
void child_fail(const char *condition, const char *file, int line) __attribute__((noreturn, cold));

/* ---- Threads ---- */

/* Runs count threads of body(argument) at once and joins them; all must start. */
void run_threads(size_t count, void *(*body)(void *argument), void *argument);

/* ---- Sizes ---- */

/* Its square is SIZE_MAX + 1. */
#define ROOT_OF_SIZES ((size_t)1 << sizeof(size_t) * CHAR_BIT / 2)

/*
 * A power of two that every allocator refuses, as it does all that is larger: more than there is
 * address space. On 32 bits that is so after no_room_on_32_bits().
 */
#if SIZE_MAX > UINT32_MAX
#define BEYOND_ADDRESS_SPACE ((size_t)1 << 47)
#else
#define BEYOND_ADDRESS_SPACE ((size_t)1 << 29)
#endif

/* Leaves the process, where its pointers have 32 bits, less address space than that. */
void no_room_on_32_bits(void);

/* ---- Contents ---- */

/* Fills a block with bytes made from seed; says whether it still has them. */
void stamp(void *block, size_t size, unsigned seed);
bool has_stamp(const void *block, size_t size, unsigned seed);

/* A small generator: the same numbers from the same seed everywhere. */
uint64_t next_random(uint64_t *state);

#endif
