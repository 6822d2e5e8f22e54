/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_H
#define SUPPORT_H

/*
 * What the tests share. A test program runs once for each backend, with ZMALLOC_BACKEND set by
 * Meson, and expects the same of each. Anything that may die or hang runs in a child under a
 * watchdog.
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

/* scripts/coverage.sh defines it: gcc's runtime needs memory to write its counters, and crashes
 * without. */
#ifndef UNDER_COVERAGE
#define UNDER_COVERAGE 0
#endif

/* Under valgrind threads take turns, and malloc is not the C library's. */
bool under_valgrind(void);

/* The build is for another machine, and programs run under an emulator, whose /proc, limits and
 * ways to start programs are not those of a kernel. The reason continues "an emulator ...". */
bool under_emulator(void);
void skip_under_emulator(const char *why);
/* What only that one cannot do. */
void skip_under_emulator_of_i386(const char *why);

/* A test that must leave nothing in use: used memory is exactly 0 after it. */
#define zm_test(function) cmocka_unit_test_teardown(function, teardown_nothing_used)
int teardown_nothing_used(void **state);

/* The version of the C library as the backends over its malloc report it. */
const char *c_library_version(void);

/* If MALLOC_PERTURB_ is set, as Meson does, glibc's malloc fills every block it hands out and takes
 * back. With gigabytes in large blocks this takes minutes on a busy machine. This turns it off from
 * here on. */
void leave_blocks_untouched(void);

/* Scales the repetitions of a long test by ZMALLOC_TEST_SCALE, which may be a fraction, and to a
 * third under a layer; at least 1. */
size_t scaled(size_t times);

/* The name that the environment asks for: the value of ZMALLOC_BACKEND, "libc" if unset. */
const char *backend_under_test(void);
/* The active backend's name without its layers. */
const char *name_without_layers(void);

/* cmocka's assert_in_range(), which has another name in cmocka 2; for numbers of any type. */
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

/* The smallest stack that the library supports: musl's is 2 KiB. */
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

/* Becomes that program, as run_program() starts it. Returns only on failure, with errno set. */
void exec_program(const char *const *arguments);

/* Whether the first thread of a forked child may end before others that join it. With musl 1.2.3
 * they wait for ever. */
bool first_thread_of_child_may_end(void);

/* Each shows the child's output on failure. */
void assert_exited_with(const struct outcome *outcome, int status);
void assert_killed_by(const struct outcome *outcome, int signal);
/* Asserts that it wrote exactly this to stderr, newlines included. */
void assert_err_is(const struct outcome *outcome, const char *text);
/* Asserts that it wrote exactly one line to stderr, which contains text. */
void assert_err_is_line_with(const struct outcome *outcome, const char *text);

/* The path of a program or another file in this program's build folder. */
const char *path_beside(const char *name);

/* For children and threads, in which cmocka's assertions do not work: if the condition does not
 * hold, prints it and ends the process with status 1. */
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
 * A power of two that is more than the address space, so every allocator refuses it and anything
 * larger. On 32 bits that is true after no_room_on_32_bits().
 */
#if SIZE_MAX > UINT32_MAX
#define BEYOND_ADDRESS_SPACE ((size_t)1 << 47)
#else
#define BEYOND_ADDRESS_SPACE ((size_t)1 << 29)
#endif

/* On 32 bits, limits the address space of the process to less than that. */
void no_room_on_32_bits(void);

/* ---- Contents ---- */

/* Fills a block with bytes derived from seed, and checks whether it still has them. */
void stamp(void *block, size_t size, unsigned seed);
bool has_stamp(const void *block, size_t size, unsigned seed);

/* A small generator: the same numbers from the same seed everywhere. */
uint64_t next_random(uint64_t *state);

#endif
