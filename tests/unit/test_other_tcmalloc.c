/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A different tcmalloc: this program's functions come before the library's. Sizes are found another
 * way, memory runs out, the version has no blank, the report never ends.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "zmalloc_backend.h"

#define BLOCKS 200

static bool no_memory;
static bool plain_version;
static bool endless_report;

/* musl has no such flag. */
#ifdef RTLD_DEEPBIND
#define OWN_NAMES_FIRST RTLD_DEEPBIND
#else
#define OWN_NAMES_FIRST 0
#endif

/* The library opens its module so that it searches the allocator's library first. This undoes
 * that. */
void *dlopen(const char *file, int flags)
{
    void *(*real)(const char *file, int flags);

    *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
    return real(file, flags & ~OWN_NAMES_FIRST);
}

static void *find(const char *name)
{
    void *library = dlopen("libtcmalloc_minimal.so.4", RTLD_NOW | RTLD_NOLOAD);

    child_check(library != NULL);
    return dlsym(library, name);
}

/* TCMallocImplementation::GetAllocatedSize: without an object it returns something else than
 * tc_malloc_size(), which has one; that of the debugging library does the same. */
#define GET_ALLOCATED_SIZE "_ZN22TCMallocImplementation16GetAllocatedSizeEPKv"
size_t get_allocated_size(const void *self, const void *ptr) __asm__(GET_ALLOCATED_SIZE);

size_t get_allocated_size(const void *self, const void *ptr)
{
    size_t (*real)(const void *self, const void *ptr);

    *(void **)&real = find(GET_ALLOCATED_SIZE);
    return self != NULL ? real(self, ptr) : 1;
}

void *tc_malloc(size_t size);
void *tc_calloc(size_t count, size_t size);
const char *tc_version(int *major, int *minor, const char **patch);
void MallocExtension_GetStats(char *buffer, int size);

void *tc_malloc(size_t size)
{
    void *(*real)(size_t size);

    *(void **)&real = find("tc_malloc");
    return no_memory ? NULL : real(size);
}

void *tc_calloc(size_t count, size_t size)
{
    void *(*real)(size_t count, size_t size);

    *(void **)&real = find("tc_calloc");
    return no_memory ? NULL : real(count, size);
}

const char *tc_version(int *major, int *minor, const char **patch)
{
    const char *(*real)(int *major, int *minor, const char **patch);

    *(void **)&real = find("tc_version");
    return plain_version ? "9.9" : real(major, minor, patch);
}

void MallocExtension_GetStats(char *buffer, int size)
{
    void (*real)(char *buffer, int size);

    *(void **)&real = find("MallocExtension_GetStats");
    if (!endless_report) {
        real(buffer, size);
        return;
    }
    memset(buffer, 'x', (size_t)size - 1);
    buffer[size - 1] = '\0';
}

static void holds(void (*body)(void *argument))
{
    struct outcome outcome = run_child(body, NULL);

    assert_exited_with(&outcome, 0);
}

/* ---- Sizes ---- */

static void allocate_count_and_free(void)
{
    void *blocks[BLOCKS];
    size_t sum = 0;

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = zmalloc(i * 30);
        child_check(zmalloc_usable_size(blocks[i]) >= i * 30);
        memset(blocks[i], 1, i * 30);
        sum += zmalloc_size(blocks[i]);
    }
    child_check(zmalloc_used_memory() == sum);
    for (size_t i = 0; i < BLOCKS; i++)
        zfree(blocks[i]);
    child_check(zmalloc_used_memory() == 0);
}

static void ask_the_other_way(void *argument)
{
    (void)argument;
    child_check(zmalloc_init("tcmalloc") == 0);
    allocate_count_and_free();
}

/* The library itself takes a block when it is opened. */
static void start_without_memory(void *argument)
{
    (void)argument;
    child_check(zmalloc_backend_table("tcmalloc") != NULL);
    no_memory = true;
    child_check(zmalloc_init("tcmalloc") == 0);
    child_check(ztrymalloc(100) == NULL && errno == ENOMEM);
    child_check(ztrycalloc(100) == NULL && errno == ENOMEM);
    no_memory = false;
    allocate_count_and_free();
}

static void sizes_are_exact_all_the_same(void **state)
{
    (void)state;
    holds(ask_the_other_way);
    holds(start_without_memory);
}

/* ---- What it reports ---- */

static void tell_the_version(void *argument)
{
    (void)argument;
    plain_version = true;
    child_check(zmalloc_init("tcmalloc") == 0);
    child_check(strcmp(zmalloc_backend_version(), "9.9") == 0);
    child_check(strcmp(ZMALLOC_LIB, "tcmalloc-9.9") == 0);
}

static void a_version_is_a_number(void **state)
{
    (void)state;
    holds(tell_the_version);
}

static void add_length(void *opaque, const char *text)
{
    *(size_t *)opaque += strlen(text);
}

static void report(void *argument)
{
    size_t length = 0;

    (void)argument;
    child_check(zmalloc_init("tcmalloc") == 0);
    no_memory = true;
    child_check(zmalloc_stats_print(add_length, &length) == -1 && errno == ENOMEM && length == 0);
    no_memory = false;
    child_check(zmalloc_stats_print(add_length, &length) == 0 && length > 0);
    endless_report = true;
    length = 0;
    child_check(zmalloc_stats_print(add_length, &length) == 0 && length >= (size_t)1 << 20);
    child_check(zmalloc_used_memory() == 0);
}

static void a_report_is_there_or_an_error(void **state)
{
    (void)state;
    holds(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(sizes_are_exact_all_the_same),
        zm_test(a_version_is_a_number),
        zm_test(a_report_is_there_or_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
